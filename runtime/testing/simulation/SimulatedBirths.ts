/**
 * The evidence by which cells guess that actors are new, in a node that sometimes guesses without any.
 *
 * Owns that fault. Guesses must be invisible, except for their cost.
 */
import { BirthEvidence } from "../../cell/BirthEvidence.ts"
import type { Waiting } from "../../cell/Waiting.ts"
import type { Faults } from "./Faults.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

export class SimulatedBirths extends BirthEvidence {
  readonly #host: SimulatedProcess
  readonly #faults: Faults

  constructor(host: SimulatedProcess, faults: Faults) {
    super()
    this.#host = host
    this.#faults = faults
  }

  override isLikely(actorType: string, first: Waiting | undefined): boolean {
    return (
      super.isLikely(actorType, first) || this.#faults.strikes("birth guessed", this.#host.name, actorType)
    )
  }
}
