/** The simulator's dead letters, with no fault. */
import { Layer } from "effect"
import { DeadLetters } from "../../runtime/deadletter/DeadLetters.ts"
import { SimulatedDeadLetters } from "../../runtime/testing/simulation/SimulatedDeadLetters.ts"
import { deadLettersContract } from "./DeadLetters.contract.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

const bench = new SimulatedBench()

deadLettersContract(
  "simulated",
  () => {
    const deadLetters = new SimulatedDeadLetters(bench.network())
    return Layer.sync(DeadLetters, () => deadLetters.connect(bench.host()))
  },
  bench.run,
)
