/** One event of an actor with all that is stored with it, and the raw commit as JSON. */
import { Link } from "@tanstack/react-router"
import { useMemo } from "react"
import type { Json } from "../../api/Documents.ts"
import { CopyButton } from "../../parts/CopyButton.tsx"
import { Id } from "../../parts/Id.tsx"
import { JsonTree } from "../../parts/JsonTree.tsx"
import { text } from "../../text/English.ts"
import { useHistoryWindows, windowOf } from "./Timeline.tsx"

interface EventViewProps {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly newest: number
}

export const EventView = ({ type, id, version, newest }: EventViewProps) => {
  const windows = useMemo(() => new Set([windowOf(version)]), [version])
  const { items } = useHistoryWindows(type, id, newest, windows)
  const item = items.get(version)
  if (item === undefined) return null
  const { data, type: event, commandId, correlationId, causationId, user, note, sequence, at, trace } = item
  const raw = JSON.stringify(item, undefined, 2)
  return (
    <section className="panel stack">
      <h2>
        {text.actor.event(version)} <span className="mono">{event}</span>
      </h2>
      <JsonTree value={data} />
      <dl className="facts">
        <Fact name={text.actor.facts.sequence} value={String(sequence)} />
        <Fact name={text.actor.facts.at} value={at} />
        <Fact name={text.actor.facts.user} value={user} />
        {note !== undefined && (
          <>
            <dt>{text.actor.facts.note}</dt>
            <dd className="words">{note}</dd>
          </>
        )}
        <Fact name={text.actor.facts.command} value={commandId} />
        <Fact name={text.actor.facts.cause} value={causationId} />
        <Fact name={text.actor.facts.trace} value={trace} />
        {correlationId !== undefined && (
          <>
            <dt>{text.actor.facts.correlation}</dt>
            <dd>
              <Id id={correlationId}>
                <Link to="/correlations/$id" params={{ id: correlationId }}>
                  {correlationId}
                </Link>
              </Id>
            </dd>
          </>
        )}
      </dl>
      <details>
        <summary>{text.actor.raw}</summary>
        <div className="twin">
          <pre>{raw}</pre>
          <CopyButton value={raw} label={text.actor.raw} />
        </div>
      </details>
    </section>
  )
}

const Fact = ({ name, value }: { readonly name: string; readonly value: Json | undefined }) =>
  value === undefined ? null : (
    <>
      <dt>{name}</dt>
      <dd>
        <Id id={String(value)} />
      </dd>
    </>
  )
