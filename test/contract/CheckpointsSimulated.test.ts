/** The simulator's checkpoints, with no fault. */
import { Layer } from "effect"
import { Checkpoints } from "../../runtime/checkpoint/Checkpoints.ts"
import { SimulatedCheckpoints } from "../../runtime/testing/simulation/SimulatedCheckpoints.ts"
import { checkpointsContract } from "./Checkpoints.contract.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

const bench = new SimulatedBench()

checkpointsContract(
  "simulated",
  () => {
    const checkpoints = new SimulatedCheckpoints(bench.network())
    return Layer.sync(Checkpoints, () => checkpoints.connect(bench.host()))
  },
  bench.run,
)
