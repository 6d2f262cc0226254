/** What an actor waits for: timers with the time left, calls in work, answers that it expects; or its quarantine. */
import { useQuery } from "@tanstack/react-query"
import type { Json, PendingWork } from "../../api/Documents.ts"
import { pendingQuery } from "../../api/Queries.ts"
import { JsonTree } from "../../parts/JsonTree.tsx"
import { Moment } from "../../parts/Moment.tsx"
import { Notice, Settled, Unavailable } from "../../parts/Notice.tsx"
import { text } from "../../text/English.ts"

export const Waiting = ({ type, id }: { readonly type: string; readonly id: string }) => {
  const pending = useQuery(pendingQuery(type, id))
  return (
    <section className="panel stack">
      <h2>{text.actor.waiting}</h2>
      <Settled query={pending} missing={<Unavailable route="GET /actors/{type}/{id}/pending" />}>
        {(work) => <Work {...work} />}
      </Settled>
    </section>
  )
}

const Work = ({ timers, calls, requests, quarantine }: PendingWork) => (
  <>
    {quarantine !== undefined && (
      <Notice title={text.actor.quarantined(quarantine.reason)} isBad>
        <p className="mono">{quarantine.detail}</p>
        <p>{quarantine.hint}</p>
      </Notice>
    )}
    {timers.length + calls.length + requests.length === 0 && <p className="quiet">{text.actor.nothing}</p>}
    <ul className="plain-list">
      {timers.map(({ name, at, event }) => (
        <li key={`timer ${name}`}>
          <Item kind={text.actor.timer} name={eventName(event) ?? name} value={event}>
            <Moment at={at} />
          </Item>
        </li>
      ))}
      {calls.map(({ name, source, input, attempts }) => (
        <li key={`call ${name}`}>
          <Item kind={text.actor.call} name={source} value={input}>
            {attempts !== undefined && <span>{text.actor.attempts(attempts)}</span>}
          </Item>
        </li>
      ))}
      {requests.map((request) => (
        <li key={`request ${JSON.stringify(request)}`}>
          <Item kind={text.actor.request} name={String(request["name"] ?? "")} value={request}>
            {typeof request["at"] === "string" && <Moment at={request["at"]} />}
          </Item>
        </li>
      ))}
    </ul>
  </>
)

/** `xstate.after.1000.order.placed` is XState's own name: people know the delay and the state. */
const eventName = (event: Json): string | undefined => {
  const type = (event as { readonly type?: unknown } | null)?.type
  if (typeof type !== "string") return undefined
  const [, delay, state] = /^xstate\.after\.([^.]+)\.(.+)$/.exec(type) ?? []
  return delay === undefined || state === undefined ? type : text.actor.after(delay, state)
}

interface ItemProps {
  readonly kind: string
  readonly name: string
  readonly value: Json | undefined
  readonly children: React.ReactNode
}

const Item = ({ kind, name, value, children }: ItemProps) => (
  <details>
    <summary className="row">
      <span className="badge">{kind}</span>
      <span className="mono">{name}</span>
      {children}
    </summary>
    <JsonTree value={value} />
  </details>
)
