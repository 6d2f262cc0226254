/** The error of a scenario whose result differs from the expected one. */
import { EverstateError } from "../error/EverstateError.ts"

/**
 * A scenario's result differs from the expected one, or the actor broke a rule that every actor must keep.
 */
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
