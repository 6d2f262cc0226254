/**
 * Opens a report that `npm run sim -- --json FILE` has written: scenarios, faults, violations, and the coverage of
 * each statechart drawn on the chart. The file stays in the browser.
 *
 * Owns the page. How a report is read: simulation/Report.ts.
 */
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type DragEvent, useState } from "react"
import type { TypeDocument } from "../api/Documents.ts"
import { typesQuery } from "../api/Queries.ts"
import { ChartPanel } from "../drawing/ChartPanel.tsx"
import { CopyButton } from "../parts/CopyButton.tsx"
import { Notice } from "../parts/Notice.tsx"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"
import {
  type CoverageLine,
  neverOf,
  type Report,
  reportOf,
  type ScenarioResult,
  typesIn,
} from "./simulation/Report.ts"

export const Simulation = () => {
  const [report, setReport] = useState<Report>()
  const [failure, setFailure] = useState<string>()
  const open = async (file: File | undefined) => {
    if (file === undefined) return
    try {
      setReport(reportOf(JSON.parse(await file.text())))
      setFailure(undefined)
    } catch {
      setFailure(text.simulation.noReport(file.name))
    }
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    void open(event.dataTransfer.files[0])
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the input below does the same for keys
    <div className="page" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <header>
        <h1>{text.pages.simulation}</h1>
        <label className="button file">
          {text.simulation.open}
          <input
            type="file"
            accept="application/json,.json"
            className="visually-hidden"
            onChange={({ target }) => void open(target.files?.[0])}
          />
        </label>
      </header>
      {failure !== undefined && <Notice title={failure} isBad />}
      {report === undefined ? (
        <Notice title={text.simulation.none.title}>
          <p>{text.simulation.none.detail}</p>
          <pre>npm run sim -- --json report.json</pre>
        </Notice>
      ) : (
        <Opened report={report} />
      )}
    </div>
  )
}

const Opened = ({ report }: { readonly report: Report }) => (
  <>
    <div className="columns">
      {report.results.map((result) => (
        <Scenario key={result.scenario} result={result} />
      ))}
    </div>
    <Coverage report={report} />
  </>
)

const Scenario = ({ result }: { readonly result: ScenarioResult }) => {
  const { scenario, seeds, seconds, stepCount, repeatedCount, marks, failure } = result
  return (
    <section className="panel stack">
      <div className="row spread">
        <h2>{scenario}</h2>
        <span className={failure === undefined ? "badge" : "badge bad"}>
          {failure === undefined ? text.simulation.held : text.simulation.violated(failure.seed)}
        </span>
      </div>
      <span className="quiet number">{text.simulation.ran(seeds, stepCount, seconds, repeatedCount)}</span>
      {failure !== undefined && (
        <div className="twin">
          <pre>{failure.report}</pre>
          <CopyButton value={failure.report} label={text.simulation.report} />
        </div>
      )}
      <details>
        <summary>{text.simulation.marks}</summary>
        <dl className="facts">
          {Object.entries(marks)
            .toSorted(([, left], [, right]) => right - left)
            .map(([mark, count]) => (
              <Mark key={mark} mark={mark} count={count} />
            ))}
        </dl>
      </details>
    </section>
  )
}

const Mark = ({ mark, count }: { readonly mark: string; readonly count: number }) => (
  <>
    <dt>{mark}</dt>
    <dd className="number">{count.toLocaleString("en")}</dd>
  </>
)

const Coverage = ({ report }: { readonly report: Report }) => {
  const { type: named } = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const types = useQuery(typesQuery).data?.items ?? []
  const simulated = typesIn(report)
  const type = named ?? simulated.find((one) => types.some((known) => known.type === one)) ?? simulated[0]
  const document = types.find((one) => one.type === type)
  return (
    <section className="panel stack">
      <div className="row spread">
        <h2>{text.simulation.coverage}</h2>
        <label className="field inline">
          <span>{text.actors.type}</span>
          <select
            value={type}
            onChange={({ target }) =>
              void navigate({ to: "/simulation", search: { type: target.value }, replace: true })
            }
          >
            {simulated.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      <dl className="facts">
        {(["states", "transitions", "guards", "crashes"] as const).map((kind) => (
          <Share key={kind} kind={text.simulation.kinds[kind]} line={report.coverage[kind]} />
        ))}
      </dl>
      {type !== undefined && <Drawn report={report} type={type} document={document} />}
    </section>
  )
}

interface DrawnProps {
  readonly report: Report
  readonly type: string
  readonly document: TypeDocument | undefined
}

const Drawn = ({ report, type, document }: DrawnProps) => {
  const never = neverOf(report, type)
  return (
    <>
      {document === undefined ? (
        <p className="quiet">{text.simulation.unknownType(type)}</p>
      ) : (
        <ChartPanel chart={document.chart} coverage={never} height={480} />
      )}
      {never.states.length + never.transitions.length === 0 ? (
        <p className="good">✓ {text.simulation.allReached}</p>
      ) : (
        <ul className="mono">
          {[...never.states, ...never.transitions].map((part) => (
            <li key={part}>{part}</li>
          ))}
        </ul>
      )}
    </>
  )
}

const Share = ({ kind, line }: { readonly kind: string; readonly line: CoverageLine }) => (
  <>
    <dt>{kind}</dt>
    <dd className="number">{text.simulation.share(line.reachedCount, line.totalCount)}</dd>
  </>
)
