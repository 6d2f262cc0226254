/**
 * Opens a report that `npm run sim -- --json FILE` has written, or the text of a failing seed: scenarios, the run step
 * by step, and the coverage of each statechart. The file stays in the browser.
 *
 * Owns the page and the opened file, which stays open while other pages are shown. How a report is read:
 * simulation/Report.ts.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type DragEvent, useState } from "react"
import { CopyButton } from "../parts/CopyButton.tsx"
import { Notice } from "../parts/Notice.tsx"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"
import { Coverage } from "./simulation/Coverage.tsx"
import { type NoReport, NotAReport, type Report, reportOf, type ScenarioResult } from "./simulation/Report.ts"
import { Steps } from "./simulation/Steps.tsx"
import "./simulation/Simulation.css"

const words = text.simulation

/** Under which the opened report is kept, beside the answers of the gateway. */
const OPENED = ["simulation", "report"]

const WRITE_LINE = 'npm run sim -- --scenario "order" --seed 1 --json report.json'

interface Failed {
  readonly name: string
  readonly reason: NoReport
}

const useReport = () => {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [failed, setFailed] = useState<Failed>()
  const { data: report } = useQuery<Report | null>({
    queryKey: OPENED,
    queryFn: () => null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })
  const open = async (file: File | undefined) => {
    if (file === undefined) return
    try {
      const opened = reportOf(file.name, await file.text())
      client.setQueryData(OPENED, opened)
      setFailed(undefined)
      // The choices in the address are those of the report before.
      if (report !== undefined && report !== null)
        void navigate({ to: "/simulation", search: {}, replace: true })
    } catch (cause) {
      const reason = cause instanceof NotAReport ? cause.reason : "broken"
      setFailed({ name: file.name, reason })
    }
  }
  return { report: report ?? undefined, failed, open }
}

export const Simulation = () => {
  const { report, failed, open } = useReport()
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
          {words.open}
          <input
            type="file"
            accept=".json,.txt,.log,application/json,text/plain"
            className="visually-hidden"
            onChange={({ target }) => {
              void open(target.files?.[0])
              target.value = ""
            }}
          />
        </label>
      </header>
      {failed !== undefined && (
        <Notice title={words.noReport(failed.name)} isBad>
          <p>{words.reasons[failed.reason]}</p>
          <pre>{WRITE_LINE}</pre>
        </Notice>
      )}
      {report === undefined ? <NoneOpen /> : <Opened report={report} />}
    </div>
  )
}

const NoneOpen = () => {
  const { step } = useSearch({ strict: false }) as Search
  return (
    <Notice title={words.none.title}>
      {step !== undefined && <p>{words.noneAt(step)}</p>}
      <p>{words.none.detail}</p>
      <pre>{WRITE_LINE}</pre>
      <p>{words.alsoText}</p>
    </Notice>
  )
}

const Opened = ({ report }: { readonly report: Report }) => (
  <>
    <p className="quiet">{words.opened(report.name)}</p>
    <Steps report={report} />
    <section className="stack" aria-label={words.results}>
      <h2>{words.results}</h2>
      <div className="columns">
        {report.results.map((result) => (
          <Scenario key={result.scenario} result={result} />
        ))}
      </div>
    </section>
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
          {failure === undefined ? words.held : words.violated(failure.seed)}
        </span>
      </div>
      <span className="quiet number">{words.ran(seeds, stepCount, seconds, repeatedCount)}</span>
      {failure !== undefined && (
        <details>
          <summary>{words.reportText}</summary>
          <div className="twin">
            <pre>{failure.report}</pre>
            <CopyButton value={failure.report} label={words.report} />
          </div>
        </details>
      )}
      <details>
        <summary>{words.marks}</summary>
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
