/**
 * What happens in the cluster, newest first, as it happens.
 *
 * Owns the events that the page keeps. While a person reads the list (the pointer or the focus is in it, or it is
 * scrolled), new events wait behind a bar, because they would push the others down.
 */
import { useRef, useState } from "react"
import { urlOf } from "../../api/Client.ts"
import type { ClusterEvent, Member } from "../../api/Documents.ts"
import { useStream } from "../../api/Live.ts"
import { Moment } from "../../parts/Moment.tsx"
import { text } from "../../text/English.ts"

/** Events that the page keeps. */
const EVENTS_MAX = 200

interface Numbered {
  readonly number: number
  readonly event: ClusterEvent
}

export const Moves = ({ members }: { readonly members: ReadonlyArray<Member> }) => {
  const [events, setEvents] = useState<ReadonlyArray<Numbered>>([])
  /** Number of the newest event that is shown; undefined: all are. */
  const [readUpTo, setReadUpTo] = useState<number>()
  const list = useRef<HTMLUListElement>(null)
  const health = useStream(urlOf(["cluster", "events"]), (event) =>
    setEvents((before) =>
      [{ number: (before[0]?.number ?? 0) + 1, event: event as ClusterEvent }, ...before].slice(
        0,
        EVENTS_MAX,
      ),
    ),
  )
  const nameOf = (member: string | undefined) => members.find(({ id }) => id === member)?.name ?? member
  const shown = readUpTo === undefined ? events : events.filter(({ number }) => number <= readUpTo)
  const newCount = events.length - shown.length
  const hold = () => setReadUpTo((before) => before ?? events[0]?.number)
  const showAll = () => {
    setReadUpTo(undefined)
    if (list.current !== null) list.current.scrollTop = 0
  }
  const isRead = () => {
    const element = list.current
    return element !== null && (element.matches(":hover, :focus-within") || element.scrollTop > 0)
  }
  return (
    <section className="panel stack">
      <div className="row spread list-head">
        <h2>{text.cluster.moves}</h2>
        {newCount > 0 && (
          <button type="button" className="news" onClick={showAll}>
            {text.list.news(newCount, 0)}
          </button>
        )}
        <span className={`live is-${health}`}>{text.actor.live[health]}</span>
      </div>
      <ul
        ref={list}
        className="plain-list events"
        aria-label={text.cluster.moves}
        aria-live="polite"
        tabIndex={0}
        onMouseEnter={hold}
        onFocus={hold}
        onScroll={() => (isRead() ? hold() : undefined)}
        onMouseLeave={() => (isRead() || newCount > 0 ? undefined : setReadUpTo(undefined))}
        onBlur={() => (isRead() || newCount > 0 ? undefined : setReadUpTo(undefined))}
      >
        {shown.map(({ number, event }) => (
          <li key={number} className="row">
            <span className="quiet">
              <Moment at={event.at} />
            </span>
            <span>{text.cluster.event(event, nameOf(event.member))}</span>
          </li>
        ))}
      </ul>
      {events.length === 0 && <p className="quiet">{text.cluster.quiet}</p>}
    </section>
  )
}
