/**
 * Watches the assertions of the runtime (../../invariant/Invariant.ts) during a run.
 *
 * Owns the counts of the checked ones, and that a broken one ends the run: the runtime survives it, so nobody else would
 * notice.
 */
import {
  type BrokenInvariant,
  type InvariantName,
  type InvariantObserver,
  observingInvariants,
} from "../../invariant/Invariant.ts"
import { PROMISES, Violation } from "./Violation.ts"

export class InvariantWatch implements InvariantObserver {
  readonly #counts = new Map<InvariantName, number>()
  #broken: BrokenInvariant | undefined

  /** How often each assertion was checked. */
  get counts(): ReadonlyMap<InvariantName, number> {
    return this.#counts
  }

  readonly checked = (invariant: InvariantName): void => {
    this.#counts.set(invariant, (this.#counts.get(invariant) ?? 0) + 1)
  }

  readonly broken = (error: BrokenInvariant): void => {
    this.#broken ??= error
  }

  /** Runs `work`, whose checks are counted here. */
  during<A>(work: () => A): A {
    return observingInvariants(this, work)
  }

  /** Throws {@link Violation} if an assertion was broken. */
  check(): void {
    if (this.#broken !== undefined) throw new Violation(PROMISES.invariants, this.#broken.message)
  }
}
