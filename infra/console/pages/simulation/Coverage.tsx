/**
 * What the runs of a report reached, drawn on the chart of each type: never reached is dashed.
 *
 * Owns the choice of the type and the lists of what was never reached.
 */
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useMemo } from "react"
import type { TypeDocument } from "../../api/Documents.ts"
import { typesQuery } from "../../api/Queries.ts"
import { ChartPanel } from "../../drawing/ChartPanel.tsx"
import type { Search } from "../../shell/Search.ts"
import { text } from "../../text/English.ts"
import { COVERED, type CoverageLine, type Covered, neverOf, type Report, typesIn } from "./Report.ts"

const words = text.simulation

export const Coverage = ({ report }: { readonly report: Report }) => {
  const search = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const types = useQuery(typesQuery).data?.items ?? []
  const simulated = typesIn(report)
  const { coverage } = report
  if (coverage === undefined || simulated.length === 0) {
    return <p className="quiet">{words.noCoverage}</p>
  }
  const known = simulated.find((one) => types.some((other) => other.type === one))
  const type = search["type"] ?? known ?? simulated[0] ?? ""
  return (
    <section className="panel stack" aria-label={words.coverage}>
      <div className="row spread">
        <h2>{words.coverage}</h2>
        <label className="field inline">
          <span>{text.actors.type}</span>
          <select
            value={type}
            onChange={({ target }) =>
              void navigate({ to: "/simulation", search: { ...search, type: target.value }, replace: true })
            }
          >
            {simulated.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      <dl className="facts">
        {COVERED.map((kind) => (
          <Share key={kind} kind={words.kinds[kind]} line={coverage[kind]} />
        ))}
      </dl>
      <Drawn report={report} type={type} document={types.find((one) => one.type === type)} />
    </section>
  )
}

const Share = ({ kind, line }: { readonly kind: string; readonly line: CoverageLine }) => (
  <>
    <dt>{kind}</dt>
    <dd className="number">{words.share(line.reachedCount, line.totalCount)}</dd>
  </>
)

interface DrawnProps {
  readonly report: Report
  readonly type: string
  readonly document: TypeDocument | undefined
}

const Drawn = ({ report, type, document }: DrawnProps) => {
  const never = useMemo(() => neverOf(report, type), [report, type])
  return (
    <>
      {document === undefined ? (
        <p className="quiet">{words.unknownType(type)}</p>
      ) : (
        <>
          <ul className="legend row" aria-label={words.coverage}>
            <Sample word={words.reached} isNever={false} />
            <Sample word={words.never} isNever />
          </ul>
          <ChartPanel chart={document.chart} coverage={never} height={480} />
        </>
      )}
      {COVERED.every((kind) => never[kind].length === 0) ? (
        <p className="good">✓ {words.allReached}</p>
      ) : (
        COVERED.map((kind) => <Never key={kind} kind={kind} type={type} parts={never[kind]} />)
      )}
    </>
  )
}

/** A line of the legend: a state as the chart draws it. */
const Sample = ({ word, isNever }: { readonly word: string; readonly isNever: boolean }) => (
  <li className="row">
    <svg width="28" height="18" viewBox="0 0 28 18" aria-hidden="true" className="sim-sample">
      <rect x="1" y="1" width="26" height="16" rx="5" strokeDasharray={isNever ? "4 3" : undefined} />
    </svg>
    {word}
  </li>
)

interface NeverProps {
  readonly kind: Covered
  readonly type: string
  readonly parts: ReadonlyArray<string>
}

/** States and transitions are on the chart, so their lists are open; the other lists are long. */
const Never = ({ kind, type, parts }: NeverProps) =>
  parts.length === 0 ? null : (
    <details open={kind === "states" || kind === "transitions"}>
      <summary>
        {words.neverOf(words.kinds[kind], type)}: <span className="number">{parts.length}</span>
      </summary>
      <ul className="mono sim-never">
        {parts.map((part) => (
          <li key={part}>{part}</li>
        ))}
      </ul>
    </details>
  )
