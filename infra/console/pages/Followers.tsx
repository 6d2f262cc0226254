/**
 * Projections and reactors: how far each is, how fast, how long until it has caught up, and where it is stopped.
 *
 * Owns the rates, which are computed from what the page has seen.
 */
import { useQuery } from "@tanstack/react-query"
import { useRef } from "react"
import type { FollowerDocument, Page } from "../api/Documents.ts"
import { clusterQuery, projectionsQuery, reactorsQuery } from "../api/Queries.ts"
import { Action } from "../parts/Action.tsx"
import { spanText } from "../parts/Clock.ts"
import { Id } from "../parts/Id.tsx"
import { Notice, Settled, Unavailable } from "../parts/Notice.tsx"
import { commandLine, curlLine, Twins } from "../parts/Twin.tsx"
import { verbs } from "../parts/Verbs.ts"
import { text } from "../text/English.ts"

export const Followers = () => {
  const projections = useQuery(projectionsQuery)
  const reactors = useQuery(reactorsQuery)
  return (
    <div className="page">
      <header>
        <h1>{text.pages.projections}</h1>
      </header>
      <Settled query={projections} missing={<Unavailable route="GET /projections" />}>
        {(page) => <List title={text.followers.projections} page={page} at={projections.dataUpdatedAt} />}
      </Settled>
      <Settled query={reactors} missing={<Unavailable route="GET /reactors" />}>
        {(page) => <List title={text.followers.reactors} page={page} at={reactors.dataUpdatedAt} />}
      </Settled>
      <Twins
        command={["projections", "list"]}
        curl={curlLine("GET", ["projections"])}
        lines={[commandLine("reactors", "list"), curlLine("GET", ["reactors"])]}
      />
    </div>
  )
}

interface ListProps {
  readonly title: string
  readonly page: Page<FollowerDocument>
  /** When the page was answered, Unix milliseconds. */
  readonly at: number
}

const List = ({ title, page, at }: ListProps) => (
  <section className="stack">
    <h2>{title}</h2>
    {page.items.length === 0 ? (
      <Notice title={text.followers.none} />
    ) : (
      <div className="columns">
        {page.items.map((follower) => (
          <One key={follower.name} follower={follower} at={at} />
        ))}
      </div>
    )}
  </section>
)

interface Seen {
  readonly at: number
  readonly position: number
}

/** Sequences that a follower may be behind before it is noted: it reads what concerns it, in batches. */
const LAG_NOTED = 1_000

/** Positions that are kept for the rate. */
const SEEN_MAX = 6

/** Events per second over the last looks. */
const useRate = (position: number | undefined, at: number): number | undefined => {
  const seen = useRef<ReadonlyArray<Seen>>([])
  if (position !== undefined && seen.current.at(-1)?.at !== at) {
    const known = seen.current.at(-1)
    // A rebuild begins at the first record again.
    const before = known !== undefined && known.position > position ? [] : seen.current
    seen.current = [...before, { at, position }].slice(-SEEN_MAX)
  }
  const [first] = seen.current
  const last = seen.current.at(-1)
  if (first === undefined || last === undefined || last.at <= first.at) return undefined
  return ((last.position - first.position) * 1_000) / (last.at - first.at)
}

const One = ({ follower, at }: { readonly follower: FollowerDocument; readonly at: number }) => {
  const { name, state, lag, lastError, owners, version, deadLetters } = follower
  const position = follower.offset ?? follower.position
  const rate = useRate(position, at)
  const isBad = state === "stalled"
  const stopped = owners.flatMap((owner) =>
    owner.stopped === undefined ? [] : [{ ...owner, stopped: owner.stopped }],
  )
  return (
    <section className="panel stack">
      <div className="row spread">
        <h2 className="mono">{version === undefined ? name : `${name} v${version}`}</h2>
        <span className={isBad ? "badge bad" : "badge"}>{text.followers.state(state)}</span>
      </div>
      <dl className="facts">
        <dt>{text.followers.lag}</dt>
        <dd className={lag > LAG_NOTED ? "number warn" : "number"}>{text.followers.records(lag)}</dd>
        {position !== undefined && (
          <>
            <dt>{text.followers.position}</dt>
            <dd className="number">{position.toLocaleString("en")}</dd>
            <dt>{text.followers.rate}</dt>
            <dd className="number">
              {rate === undefined ? "–" : text.followers.perSecond(Math.round(rate))}
            </dd>
            <dt>{text.followers.caughtUp}</dt>
            <dd className="number">{catchUp(lag, rate)}</dd>
          </>
        )}
        {deadLetters !== undefined && (
          <>
            <dt>{text.pages.deadLetters}</dt>
            <dd className="number">{deadLetters}</dd>
          </>
        )}
      </dl>
      {position !== undefined && lag > LAG_NOTED && <Filled position={position} lag={lag} />}
      {lastError !== undefined && (
        <div>
          <p className="quiet">{text.followers.lastError}</p>
          <pre className={isBad ? "bad" : "quiet"}>{lastError}</pre>
        </div>
      )}
      {stopped.map(({ slot, stopped: { sequence, reason } }) => (
        <div key={slot} className="stack">
          <Notice title={text.followers.stopped(sequence)} isBad>
            <p className="mono">{reason}</p>
            <Action
              label={text.followers.skip}
              effect={text.followers.skipEffect(sequence)}
              request={{
                method: "POST",
                path: ["cluster", "slots", slot, "skip"],
                body: { sequence, by: "console" },
                hasNoteInBody: true,
              }}
              isDanger
            />
          </Notice>
        </div>
      ))}
      <Owners owners={owners} />
      {version !== undefined && (
        <div className="row">
          <Action
            label={text.followers.rebuild}
            effect={text.followers.rebuildEffect(name)}
            {...verbs.rebuild(name)}
            isDanger
          />
        </div>
      )}
    </section>
  )
}

/** How much of the journal is in the tables. */
const Filled = ({ position, lag }: { readonly position: number; readonly lag: number }) => {
  const label = text.followers.filled(position, position + lag)
  return (
    <div className="row">
      <progress max={position + lag} value={position} aria-label={label} />
      <span>{label}</span>
    </div>
  )
}

const catchUp = (lag: number, rate: number | undefined): string => {
  if (lag === 0) return text.followers.now
  return rate === undefined || rate <= 0 ? text.followers.unknown : spanText((lag / rate) * 1_000)
}

const Owners = ({ owners }: { readonly owners: FollowerDocument["owners"] }) => {
  const { data } = useQuery(clusterQuery)
  const nameOf = (member: string | undefined) =>
    data?.members.find(({ id }) => id === member)?.name ?? member ?? text.followers.nobody
  return (
    <ul className="plain-list">
      {owners.map(({ slot, member }) => (
        <li key={slot} className="row spread">
          <Id id={slot} />
          <span>{nameOf(member)}</span>
        </li>
      ))}
    </ul>
  )
}
