/**
 * The evidence on which cells take actors for new, in a node that guesses now and then without any.
 *
 * Owns that fault: a guess is never to be seen but in what it costs.
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
