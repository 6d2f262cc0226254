/**
 * A simulated run, step by step: forward and back by buttons and keys, the chosen step and the conditions in the
 * address.
 *
 * Owns the choice and the list. What a step says: RunSteps.ts. Lanes over time: Lanes.tsx. One step: StepView.tsx.
 */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useEffect, useMemo } from "react"
import { Notice } from "../../parts/Notice.tsx"
import { VirtualTable } from "../../parts/VirtualTable.tsx"
import type { Search } from "../../shell/Search.ts"
import { text } from "../../text/English.ts"
import { Lanes } from "./Lanes.tsx"
import { type Report, type ScenarioResult, typesIn } from "./Report.ts"
import { indexOfStep, type Run, runOf, type Step, stepsLike } from "./RunSteps.ts"
import { Glyph } from "./StepGlyph.tsx"
import { StepView } from "./StepView.tsx"

const words = text.simulation.steps

/** Parts of virtual time that may be shown, in seconds. */
const ZOOMS_S = [10, 1, 0.1] as const

const COLUMNS = "72px 96px 88px minmax(0, 1fr)"
const NARROW = "64px 56px minmax(0, 1fr)"
const narrow = matchMedia("(max-width: 599px)")

export const Steps = ({ report }: { readonly report: Report }) => {
  const { scenario } = useSearch({ strict: false }) as Search
  const told = report.results.filter(({ trace }) => trace.length > 0)
  const result =
    told.find((one) => one.scenario === scenario) ??
    told.find(({ failure }) => failure !== undefined) ??
    told[0]
  if (result === undefined) {
    return (
      <Notice title={words.none}>
        <pre>npm run sim -- --scenario "order" --seed 1 --json report.json</pre>
      </Notice>
    )
  }
  return <OfRun result={result} told={told} types={typesIn(report)} />
}

const useStepSearch = () => {
  const search = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const set = (change: Search) =>
    void navigate({ to: "/simulation", search: { ...search, ...change }, replace: true, resetScroll: false })
  return [search, set] as const
}

interface OfRunProps {
  readonly result: ScenarioResult
  readonly told: ReadonlyArray<ScenarioResult>
  readonly types: ReadonlyArray<string>
}

const OfRun = ({ result, told, types }: OfRunProps) => {
  const [search, set] = useStepSearch()
  const { trace, scenario } = result
  // biome-ignore lint/correctness/useExhaustiveDependencies: the types are those of the same report
  const run = useMemo(() => runOf(trace, types), [trace])
  const { node, actor, steps: kinds } = search
  const shown = useMemo(
    () => stepsLike(run, { place: node, actor, isAll: kinds === "all" }),
    [run, node, actor, kinds],
  )
  const last = shown.length - 1
  // A failing run is read from its end.
  const first = result.failure === undefined ? 0 : last
  const at = search["step"] === undefined ? first : indexOfStep(shown, Number(search["step"]))
  const chosen = shown[at]
  const goTo = (index: number) => {
    const step = shown[Math.max(0, Math.min(last, index))]
    if (step !== undefined) set({ step: String(step.number) })
  }
  useStepKeys({
    ArrowLeft: () => goTo(at - 1),
    ArrowRight: () => goTo(at + 1),
    Home: () => goTo(0),
    End: () => goTo(last),
  })
  const zoomS = ZOOMS_S.find((one) => String(one) === search["zoom"])
  return (
    <section className="panel stack" aria-label={words.title(scenario)}>
      <h2>{words.title(scenario)}</h2>
      {run.missingCount > 0 && (
        <p className="warn" role="note">
          ▲ {words.missing(run.missingCount, run.steps.length)}
        </p>
      )}
      <Conditions run={run} told={told} scenario={scenario} />
      {chosen === undefined ? (
        <p role="status">{words.nothing}</p>
      ) : (
        <>
          <div className="row spread">
            <Buttons at={at} last={last} goTo={goTo} />
            <Legend />
          </div>
          <Lanes
            run={run}
            shown={shown}
            chosen={chosen}
            spanMs={zoomS === undefined ? undefined : zoomS * 1_000}
            onChoose={(step) => set({ step: String(step.number) })}
          />
          <div className="sim-grid">
            <List shown={shown} at={at} onChoose={(step) => set({ step: String(step.number) })} />
            <StepView
              run={run}
              step={chosen}
              onChoose={(step) =>
                set({ step: String(step.number), ...(shown.includes(step) ? {} : EVERYTHING) })
              }
            />
          </div>
        </>
      )}
    </section>
  )
}

/** Conditions under which every step is shown. */
const EVERYTHING: Search = { node: undefined, actor: undefined, steps: "all" }

/** Keys of the page, unless what has the focus uses them itself. */
const useStepKeys = (actions: { readonly [key: string]: () => void }): void => {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const action = actions[event.key]
      const isModified = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey
      if (action === undefined || isModified || event.defaultPrevented) return
      if (event.target instanceof Element && event.target.closest("input, select, textarea, dialog, .sc"))
        return
      event.preventDefault()
      action()
    }
    addEventListener("keydown", onKey)
    return () => removeEventListener("keydown", onKey)
  })
}

interface ChoiceProps {
  readonly label: string
  readonly value: string | undefined
  readonly onChange: (value: string) => void
  /** Values and what is shown for each; the first one is the default. */
  readonly options: ReadonlyArray<readonly [value: string, label: string]>
}

const Choice = ({ label, value, onChange, options }: ChoiceProps) => (
  <label className="field">
    <span>{label}</span>
    <select value={value ?? ""} onChange={({ target }) => onChange(target.value)}>
      {options.map(([key, shown]) => (
        <option key={key} value={key}>
          {shown}
        </option>
      ))}
    </select>
  </label>
)

interface ConditionsProps {
  readonly run: Run
  readonly told: ReadonlyArray<ScenarioResult>
  readonly scenario: string
}

const Conditions = ({ run, told, scenario }: ConditionsProps) => {
  const [search, set] = useStepSearch()
  const lengthS = (run.toMs - run.fromMs) / 1_000
  return (
    <div className="filters">
      {told.length > 1 && (
        <Choice
          label={words.scenario}
          value={scenario}
          onChange={(value) => set({ scenario: value, step: undefined, actor: undefined, node: undefined })}
          options={told.map((one) => [one.scenario, one.scenario])}
        />
      )}
      <Choice
        label={words.place}
        value={search["node"]}
        onChange={(node) => set({ node })}
        options={[["", words.any], ...run.lanes.map(({ place }) => [place, place] as const)]}
      />
      <Choice
        label={words.actor}
        value={search["actor"]}
        onChange={(actor) => set({ actor })}
        options={[["", words.any], ...run.actors.map((actor) => [actor, actor] as const)]}
      />
      <Choice
        label={words.kinds}
        value={search["steps"]}
        onChange={(steps) => set({ steps })}
        options={[
          ["", words.told],
          ["all", words.all],
        ]}
      />
      <Choice
        label={words.zoom}
        value={search["zoom"]}
        onChange={(zoom) => set({ zoom })}
        options={[
          ["", words.whole],
          ...ZOOMS_S.filter((one) => one < lengthS).map((one) => [String(one), words.seconds(one)] as const),
        ]}
      />
    </div>
  )
}

interface ButtonsProps {
  readonly at: number
  readonly last: number
  readonly goTo: (index: number) => void
}

const Buttons = ({ at, last, goTo }: ButtonsProps) => (
  <div className="row sim-buttons" title={words.keys}>
    <button type="button" onClick={() => goTo(0)} disabled={at === 0} aria-keyshortcuts="Home">
      <span aria-hidden="true">⇤</span> {words.first}
    </button>
    <button type="button" onClick={() => goTo(at - 1)} disabled={at === 0} aria-keyshortcuts="ArrowLeft">
      <span aria-hidden="true">←</span> {words.previous}
    </button>
    <button type="button" onClick={() => goTo(at + 1)} disabled={at === last} aria-keyshortcuts="ArrowRight">
      {words.next} <span aria-hidden="true">→</span>
    </button>
    <button type="button" onClick={() => goTo(last)} disabled={at === last} aria-keyshortcuts="End">
      {words.last} <span aria-hidden="true">⇥</span>
    </button>
    <span className="number quiet" role="status">
      {words.of(at + 1, last + 1)}
    </span>
  </div>
)

const Legend = () => (
  <ul className="legend row">
    {(["commit", "fault", "life", "ask", "violation"] as const).map((kind) => (
      <li key={kind} className="row">
        <Glyph kind={kind} /> {words.kind[kind]}
      </li>
    ))}
  </ul>
)

interface ListProps {
  readonly shown: ReadonlyArray<Step>
  readonly at: number
  readonly onChoose: (step: Step) => void
}

const List = ({ shown, at, onChoose }: ListProps) => {
  const chosen = shown[at]
  return (
    <VirtualTable<Step>
      label={words.table}
      rows={shown}
      rowKey={({ number }) => String(number)}
      columns={narrow.matches ? NARROW : COLUMNS}
      height="360px"
      inSight={at}
      onOpen={onChoose}
      isSelected={(step) => step === chosen}
      head={
        <>
          <span role="columnheader" className="end wide-only">
            {words.columns.number}
          </span>
          <span role="columnheader" className="end">
            {words.columns.time}
          </span>
          <span role="columnheader">{words.columns.place}</span>
          <span role="columnheader">{words.columns.what}</span>
        </>
      }
      row={(step) => (
        <>
          <span role="cell" className="number end wide-only">
            {step.number}
          </span>
          <span role="cell" className="number end">
            {timeText(step.atMs)}
          </span>
          <span role="cell">{step.place}</span>
          <span role="cell" className="row sim-what" title={step.what}>
            <Glyph kind={step.kind} />
            <button type="button" className="link mono" onClick={() => onChoose(step)}>
              {step.words}
            </button>
          </span>
        </>
      )}
    />
  )
}

const timeText = (atMs: number): string => `${(atMs / 1_000).toFixed(3)} s`
