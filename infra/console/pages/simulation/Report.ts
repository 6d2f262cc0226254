/**
 * A report of simulations, as `npm run sim -- --json` and `everstate sim --report` write it, or the text of a failing
 * seed.
 *
 * Owns its shape, and the check of a file that a person has opened. What its steps say: RunSteps.ts.
 */

/** One step of a run, in words. `cause` is the number of the step that led to it; 0: none. */
export interface TraceEntry {
  readonly number: number
  readonly cause: number
  readonly atMs: number
  readonly place: string
  readonly what: string
}

export interface ScenarioResult {
  readonly scenario: string
  readonly seeds: number
  readonly seconds: number
  readonly stepCount: number
  readonly repeatedCount: number
  readonly marks: { readonly [mark: string]: number }
  readonly coverage: { readonly [part: string]: number }
  /** Steps of the failing run, or of the only run. Empty if the report has none. */
  readonly trace: ReadonlyArray<TraceEntry>
  readonly failure?: { readonly seed: number; readonly report: string } | undefined
}

export interface CoverageLine {
  readonly reachedCount: number
  readonly totalCount: number
  /** `order state placed`, `order transition ...`. */
  readonly never: ReadonlyArray<string>
}

export const COVERED = ["states", "transitions", "guards", "crashes"] as const
export type Covered = (typeof COVERED)[number]

export interface Report {
  readonly name: string
  readonly results: ReadonlyArray<ScenarioResult>
  /** Absent in the text of a failing seed. */
  readonly coverage: { readonly [kind in Covered]: CoverageLine } | undefined
}

/** Why a file is no report. */
export type NoReport = "empty" | "text" | "json" | "savedCase" | "broken"

/** The file is no report. */
export class NotAReport extends Error {
  readonly reason: NoReport

  constructor(reason: NoReport) {
    super(reason)
    this.reason = reason
  }
}

/** The report in the text of a file. Throws {@link NotAReport}. */
export const reportOf = (name: string, content: string): Report => {
  const start = content.trimStart()
  if (start === "") throw new NotAReport("empty")
  if (!start.startsWith("{") && !start.startsWith("[")) return failingSeedIn(name, content)
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    throw new NotAReport("json")
  }
  const { results, coverage, promise, seed } = Object(value) as Record<string, unknown>
  if (typeof promise === "string" && typeof seed === "number") throw new NotAReport("savedCase")
  const list = Array.isArray(value) ? value : results
  if (!Array.isArray(list)) throw new NotAReport("broken")
  return {
    name,
    results: list.map(resultOf),
    coverage: coverage === undefined ? undefined : linesOf(coverage),
  }
}

const resultOf = (value: unknown): ScenarioResult => {
  const given = Object(value) as Partial<ScenarioResult>
  const { scenario, failure, trace } = given
  if (typeof scenario !== "string") throw new NotAReport("broken")
  const report = textOf(failure?.report)
  return {
    scenario,
    seeds: numberOf(given.seeds),
    seconds: numberOf(given.seconds),
    stepCount: numberOf(given.stepCount),
    repeatedCount: numberOf(given.repeatedCount),
    marks: countsOf(given.marks),
    coverage: countsOf(given.coverage),
    trace: Array.isArray(trace) ? trace.map(entryOf) : stepsIn(report),
    ...(failure === undefined ? {} : { failure: { seed: numberOf(failure.seed), report } }),
  }
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0)
const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

const countsOf = (value: unknown): { readonly [name: string]: number } =>
  Object.fromEntries(Object.entries(Object(value)).filter(([, count]) => typeof count === "number")) as {
    readonly [name: string]: number
  }

const entryOf = (value: unknown): TraceEntry => {
  const { number, cause, atMs, place, what } = Object(value) as Partial<TraceEntry>
  if (typeof number !== "number" || typeof atMs !== "number" || typeof what !== "string") {
    throw new NotAReport("broken")
  }
  return { number, cause: numberOf(cause), atMs, place: textOf(place), what }
}

const linesOf = (value: unknown): Report["coverage"] => {
  const lines = Object(value) as { readonly [kind in Covered]?: CoverageLine }
  const line = (kind: Covered): CoverageLine => {
    const never = lines[kind]?.never
    if (!Array.isArray(never) || !never.every((key) => typeof key === "string"))
      throw new NotAReport("broken")
    return {
      reachedCount: numberOf(lines[kind]?.reachedCount),
      totalCount: numberOf(lines[kind]?.totalCount),
      never,
    }
  }
  return {
    states: line("states"),
    transitions: line("transitions"),
    guards: line("guards"),
    crashes: line("crashes"),
  }
}

/** `  120 ← 119      318.5 ms  journal   append order/o-1 after 0 of node 1: done`. */
const STEP = /^\s*(\d+)(?: ← (\d+))?\s+(\d+(?:\.\d+)?) ms {2}(\S+(?: \S+)*?) {2,}(\S.*)$/

/** Steps in the text of a failing seed. */
const stepsIn = (report: string): ReadonlyArray<TraceEntry> =>
  report.split("\n").flatMap((line) => {
    const [, number, cause, atMs, place, what] = STEP.exec(line.trimEnd()) ?? []
    if (place === undefined || what === undefined) return []
    return [{ number: Number(number), cause: Number(cause ?? 0), atMs: Number(atMs), place, what }]
  })

/** What a terminal or the log of a build said of a failing seed. */
const failingSeedIn = (name: string, content: string): Report => {
  const trace = stepsIn(content)
  const seed = /^\s*seed (-?\d+), hash/m.exec(content)?.[1]
  if (trace.length === 0 || seed === undefined) throw new NotAReport("text")
  const scenario = /--scenario "([^"]+)"/.exec(content)?.[1] ?? name
  const stepCount = Number(/hash \S+, (\d+) steps/.exec(content)?.[1] ?? trace.length)
  const failure = { seed: Number(seed), report: content.trim() }
  const counts = { seeds: 1, seconds: 0, stepCount, repeatedCount: 0, marks: {}, coverage: {} }
  return { name, results: [{ scenario, ...counts, trace, failure }], coverage: undefined }
}

const KEY = /^(\S+) (state|transition) (.+)$/

/** Names of the actor types that were simulated. */
export const typesIn = ({ results, coverage }: Report): ReadonlyArray<string> => {
  const keys = [
    ...results.flatMap((result) => Object.keys(result.coverage)),
    ...(coverage?.states.never ?? []),
  ]
  return [...new Set(keys.flatMap((key) => KEY.exec(key)?.[1] ?? []))].sort()
}

/** The parts of a type that were never reached, without the name of the type. */
export const neverOf = (
  { coverage }: Report,
  type: string,
): { readonly [kind in Covered]: ReadonlyArray<string> } => {
  const of = (line: CoverageLine | undefined, word: string) => {
    const prefix = `${type} ${word} `
    return (line?.never ?? []).flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))
  }
  return {
    states: of(coverage?.states, "state"),
    transitions: of(coverage?.transitions, "transition"),
    guards: of(coverage?.guards, "guard"),
    crashes: of(coverage?.crashes, "transition"),
  }
}
