/** The simulator's dead letters, with no fault. */
import { Layer } from "effect"
import { describe, test } from "vitest"
import { deadLettersContract } from "../../runtime/contract/DeadLettersContract.ts"
import { DeadLetters } from "../../runtime/deadletter/DeadLetters.ts"
import { SimulatedDeadLetters } from "../../runtime/testing/simulation/SimulatedDeadLetters.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

const bench = new SimulatedBench()

const layer = () => {
  const deadLetters = new SimulatedDeadLetters(bench.network())
  return Layer.sync(DeadLetters, () => deadLetters.connect(bench.host()))
}

deadLettersContract({ describe, test }, { name: "simulated", layer, run: bench.run })
