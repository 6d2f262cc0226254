/**
 * A report of simulations, as `npm run sim -- --json` writes it.
 *
 * Owns its shape, and the check of a file that a person has opened.
 */

export interface ScenarioResult {
  readonly scenario: string
  readonly seeds: number
  readonly seconds: number
  readonly stepCount: number
  readonly repeatedCount: number
  readonly marks: { readonly [mark: string]: number }
  readonly coverage: { readonly [part: string]: number }
  readonly failure?: { readonly seed: number; readonly report: string }
}

export interface CoverageLine {
  readonly reachedCount: number
  readonly totalCount: number
  /** `order state placed`, `order transition ...`. */
  readonly never: ReadonlyArray<string>
}

export interface Report {
  readonly results: ReadonlyArray<ScenarioResult>
  readonly coverage: {
    readonly states: CoverageLine
    readonly transitions: CoverageLine
    readonly guards: CoverageLine
    readonly crashes: CoverageLine
  }
}

/** The report, if the value is one. Throws. */
export const reportOf = (value: unknown): Report => {
  const { results, coverage } = Object(value) as Partial<Report>
  const lines = [coverage?.states, coverage?.transitions, coverage?.guards, coverage?.crashes]
  if (!Array.isArray(results) || !lines.every((line) => Array.isArray(line?.never))) {
    throw new Error("This is no report of simulations.")
  }
  return value as Report
}

const KEY = /^(\S+) (state|transition) (.+)$/

/** Names of the actor types that were simulated. */
export const typesIn = ({ results, coverage }: Report): ReadonlyArray<string> => {
  const keys = [...results.flatMap((result) => Object.keys(result.coverage)), ...coverage.states.never]
  return [...new Set(keys.flatMap((key) => KEY.exec(key)?.[1] ?? []))].sort()
}

/** The parts of a type's chart that were never reached: paths of states, and keys of transitions. */
export const neverOf = ({ coverage }: Report, type: string) => {
  const of = (line: CoverageLine, kind: string) =>
    line.never.flatMap((key) => {
      const [, owner, what, part] = KEY.exec(key) ?? []
      return owner === type && what === kind && part !== undefined ? [part] : []
    })
  return { states: of(coverage.states, "state"), transitions: of(coverage.transitions, "transition") }
}
