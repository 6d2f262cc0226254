/** The error of a scenario that did not come out as told. */
import { EverstateError } from "../error/EverstateError.ts"

/** A scenario did not come out as told, or the actor broke one of the rules that hold for every actor. */
export class ScenarioFailed extends EverstateError {
  readonly _tag = "ScenarioFailed"
  readonly kind = "defect"
  readonly retry = "never"
  readonly hint = "Mend the actor or the expectation."
  override readonly name = "ScenarioFailed"
  readonly expected: unknown
  readonly actual: unknown

  constructor(what: string, expected: unknown, actual: unknown) {
    super(`${what}\n  expected: ${text(expected)}\n  actual:   ${text(actual)}`)
    this.expected = expected
    this.actual = actual
  }
}

export const text = (value: unknown): string => JSON.stringify(value) ?? String(value)
