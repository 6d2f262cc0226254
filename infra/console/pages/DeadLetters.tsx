/**
 * Messages that were abandoned: grouped by reason and receiver, with the payload, redriven or discarded one by one or
 * all of a reason.
 *
 * Owns the choice of the reason and of the letter, which are part of the address.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import type { BulkJob, DeadLetter, Json, LetterGroup } from "../api/Documents.ts"
import { bulkJobsQuery, deadLettersQuery, letterGroupsQuery } from "../api/Queries.ts"
import { Action } from "../parts/Action.tsx"
import { JsonTree } from "../parts/JsonTree.tsx"
import { Moment } from "../parts/Moment.tsx"
import { Notice, Settled, Unavailable } from "../parts/Notice.tsx"
import { VirtualTable } from "../parts/VirtualTable.tsx"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"

export const DeadLetters = () => {
  const groups = useQuery(letterGroupsQuery)
  const { reason, letter } = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const go = (search: Search) => void navigate({ to: "/dead-letters", search, replace: true })
  return (
    <div className="page">
      <header>
        <h1>{text.pages.deadLetters}</h1>
      </header>
      <Jobs />
      <Settled query={groups} missing={<Unavailable route="GET /dead-letters/groups" />}>
        {({ items, complete }) =>
          items.length === 0 ? (
            <Notice title={text.letters.none.title}>
              <p>{text.letters.none.detail}</p>
            </Notice>
          ) : (
            <>
              <div className="columns">
                {items.map((group) => (
                  <Group
                    key={group.reason}
                    group={group}
                    isChosen={reason === group.reason}
                    onChoose={() => go(reason === group.reason ? {} : { reason: group.reason })}
                  />
                ))}
              </div>
              {!complete && <p className="quiet">{text.letters.incomplete}</p>}
              <Letters
                reason={reason}
                chosen={letter}
                onChoose={(number) => go({ reason, letter: String(number) })}
              />
            </>
          )
        }
      </Settled>
    </div>
  )
}

interface GroupProps {
  readonly group: LetterGroup
  readonly isChosen: boolean
  readonly onChoose: () => void
}

const Group = ({ group, isChosen, onChoose }: GroupProps) => {
  const { reason, count, oldestAt, newestAt, receivers } = group
  const bulk = (verb: "redrive" | "discard") => ({
    method: "POST" as const,
    path: ["dead-letters", "jobs"],
    body: { verb, reason },
  })
  return (
    <section className="panel stack" data-chosen={isChosen}>
      <div className="row spread">
        <h2>{reason}</h2>
        <span className="number">{text.letters.count(count)}</span>
      </div>
      <span className="quiet">
        {text.letters.from} <Moment at={oldestAt} /> {text.letters.to} <Moment at={newestAt} />
      </span>
      <p className="mono words">
        {Object.entries(receivers)
          .map(([receiver, letters]) => `${receiver} × ${letters}`)
          .join("  ")}
      </p>
      <div className="row">
        <button type="button" aria-pressed={isChosen} onClick={onChoose}>
          {isChosen ? text.letters.showAll : text.letters.showOnly}
        </button>
        <Action
          label={text.letters.redriveAll}
          effect={text.letters.redriveAllEffect(count, reason)}
          request={bulk("redrive")}
          command={["dead-letters", "redrive", "--reason", reason]}
        />
        <Action
          label={text.letters.discardAll}
          effect={text.letters.discardAllEffect(count, reason)}
          request={bulk("discard")}
          command={["dead-letters", "discard", "--reason", reason]}
          isDanger
        />
      </div>
    </section>
  )
}

const Jobs = () => {
  const { data } = useQuery(bulkJobsQuery)
  const jobs = data?.items ?? []
  if (jobs.length === 0) return null
  return (
    <section className="panel">
      <h2>{text.letters.jobs}</h2>
      <ul className="plain-list">
        {jobs.map((job) => (
          <Job key={`${job.verb} ${job.reason}`} job={job} />
        ))}
      </ul>
    </section>
  )
}

const Job = ({
  job: { verb, reason, state, done, keptCount, updatedAt, detail },
}: {
  readonly job: BulkJob
}) => (
  <li className="row">
    <span className={state === "failed" || state === "interrupted" ? "badge bad" : "badge"}>
      {text.letters.states[state]}
    </span>
    <span>{text.letters.job(verb, reason, done, keptCount)}</span>
    <span className="quiet">
      <Moment at={updatedAt} />
    </span>
    {detail !== undefined && <span className="mono">{detail}</span>}
    {state === "running" && (
      <Action
        label={text.letters.cancelJob}
        effect={text.letters.cancelJobEffect}
        request={{ method: "DELETE", path: ["dead-letters", "jobs"], params: { verb, reason } }}
      />
    )}
  </li>
)

interface LettersProps {
  readonly reason: string | undefined
  readonly chosen: string | undefined
  readonly onChoose: (number: number) => void
}

const COLUMNS = "72px minmax(96px, 2fr) minmax(80px, 1fr) minmax(120px, 4fr) 64px minmax(80px, 1fr)"
const NARROW = "48px minmax(96px, 2fr) minmax(64px, 1fr)"
const narrow = matchMedia("(max-width: 599px)")

const Letters = ({ reason, chosen, onChoose }: LettersProps) => {
  const list = useInfiniteQuery(deadLettersQuery(reason))
  return (
    <Settled query={list}>
      {({ pages }) => {
        const letters = pages.flatMap(({ items }) => items)
        const open = letters.find(({ number }) => String(number) === chosen)
        return (
          <>
            <VirtualTable<DeadLetter>
              label={text.pages.deadLetters}
              rows={letters}
              rowKey={({ number }) => String(number)}
              columns={narrow.matches ? NARROW : COLUMNS}
              height="400px"
              onOpen={({ number }) => onChoose(number)}
              isSelected={({ number }) => String(number) === chosen}
              onEnd={() => {
                if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage()
              }}
              head={
                <>
                  <span role="columnheader" className="end">
                    {text.letters.columns.number}
                  </span>
                  <span role="columnheader">{text.letters.columns.receiver}</span>
                  <span role="columnheader">{text.letters.columns.reason}</span>
                  <span role="columnheader" className="wide-only">
                    {text.letters.columns.detail}
                  </span>
                  <span role="columnheader" className="end wide-only">
                    {text.letters.columns.attempts}
                  </span>
                  <span role="columnheader" className="wide-only">
                    {text.letters.columns.time}
                  </span>
                </>
              }
              row={(letter) => <Cells letter={letter} onChoose={onChoose} />}
            />
            {open !== undefined && <Letter letter={open} />}
          </>
        )
      }}
    </Settled>
  )
}

const Cells = ({
  letter,
  onChoose,
}: {
  readonly letter: DeadLetter
  readonly onChoose: (number: number) => void
}) => {
  const { number, key, reason, detail, attempts, at } = letter
  return (
    <>
      <span role="cell" className="number end">
        {number}
      </span>
      <span role="cell">
        <button type="button" className="link mono" title={key} onClick={() => onChoose(number)}>
          {key}
        </button>
      </span>
      <span role="cell">{reason}</span>
      <span role="cell" className="wide-only" title={detail}>
        {detail}
      </span>
      <span role="cell" className="number end wide-only">
        {attempts}
      </span>
      <span role="cell" className="wide-only">
        <Moment at={at} />
      </span>
    </>
  )
}

const Letter = ({ letter }: { readonly letter: DeadLetter }) => {
  const { number, detail, original, messageId } = letter
  const path = ["dead-letters", String(number)]
  return (
    <section className="panel stack">
      <h2>
        {text.letters.letter(number)} <span className="mono">{messageId}</span>
      </h2>
      <p className="mono">{detail}</p>
      <Original original={original} />
      <div className="row">
        <Action
          label={text.letters.redrive}
          effect={text.letters.redriveEffect}
          request={{ method: "POST", path: [...path, "redrive"] }}
          command={["dead-letters", "redrive", String(number)]}
        />
        <Action
          label={text.letters.discard}
          effect={text.letters.discardEffect}
          request={{ method: "DELETE", path }}
          command={["dead-letters", "discard", String(number)]}
          isDanger
        />
      </div>
    </section>
  )
}

/** The message: JSON, unless it was malformed. */
const Original = ({ original }: { readonly original: string }) => {
  let value: Json | undefined
  try {
    value = JSON.parse(original) as Json
  } catch {
    value = undefined
  }
  return value === undefined ? <pre>{original}</pre> : <JsonTree value={value} />
}
