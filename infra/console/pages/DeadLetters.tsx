/**
 * Messages that were abandoned: grouped by reason and receiver, with the payload, redriven or discarded one by one, as a
 * selection, or all of a reason.
 *
 * Owns the groups, the jobs that handle a group, and the address: the reason, the letter, and the selection. The letters:
 * letters/LetterList.tsx.
 */
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import type { BulkJob, LetterGroup } from "../api/Documents.ts"
import { bulkJobsQuery, letterGroupsQuery } from "../api/Queries.ts"
import { Action } from "../parts/Action.tsx"
import { Moment } from "../parts/Moment.tsx"
import { Notice, Settled, Unavailable } from "../parts/Notice.tsx"
import { verbs } from "../parts/Verbs.ts"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"
import { Letter } from "./letters/Letter.tsx"
import { LetterList } from "./letters/LetterList.tsx"

export const DeadLetters = () => {
  const groups = useQuery(letterGroupsQuery)
  const search = useSearch({ strict: false }) as Search
  const { reason, letter } = search
  const [actedAt, setActedAt] = useState(0)
  const acted = () => setActedAt(Date.now())
  const navigate = useNavigate()
  const go = (search: Search) => void navigate({ to: "/dead-letters", search, replace: true })
  return (
    <div className="page">
      <header>
        <h1>{text.pages.deadLetters}</h1>
      </header>
      <Jobs groups={groups.data?.items ?? []} />
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
              <LetterList
                search={search}
                onChange={(change) => go({ ...search, ...change })}
                actedAt={actedAt}
                onActed={acted}
              />
              {letter !== undefined && <Letter number={letter} onActed={acted} />}
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
          {...verbs.redriveAll(reason)}
        />
        <Action
          label={text.letters.discardAll}
          effect={text.letters.discardAllEffect(count, reason)}
          {...verbs.discardAll(reason)}
          isDanger
        />
      </div>
    </section>
  )
}

const Jobs = ({ groups }: { readonly groups: ReadonlyArray<LetterGroup> }) => {
  const { data } = useQuery(bulkJobsQuery)
  const jobs = data?.items ?? []
  if (jobs.length === 0) return null
  return (
    <section className="panel">
      <h2>{text.letters.jobs}</h2>
      <ul className="plain-list">
        {jobs.map((job) => (
          <Job
            key={`${job.verb} ${job.reason}`}
            job={job}
            leftCount={groups.find(({ reason }) => reason === job.reason)?.count ?? 0}
          />
        ))}
      </ul>
    </section>
  )
}

interface JobProps {
  readonly job: BulkJob
  /** Letters of the reason that are there now. */
  readonly leftCount: number
}

const Job = ({ job: { verb, reason, state, done, keptCount, updatedAt, detail }, leftCount }: JobProps) => (
  <li className="row">
    <span className={state === "failed" || state === "interrupted" ? "badge bad" : "badge"}>
      {text.letters.states[state]}
    </span>
    {state === "running" && (
      <progress
        max={done + leftCount}
        value={done + keptCount}
        aria-label={text.letters.job(verb, reason, done, keptCount)}
      />
    )}
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
