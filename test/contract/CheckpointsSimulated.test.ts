/** The simulator's checkpoints, with no fault. */
import { Layer } from "effect"
import { describe, test } from "vitest"
import { Checkpoints } from "../../runtime/checkpoint/Checkpoints.ts"
import { checkpointsContract } from "../../runtime/contract/CheckpointsContract.ts"
import { SimulatedCheckpoints } from "../../runtime/testing/simulation/SimulatedCheckpoints.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

const bench = new SimulatedBench()

const layer = () => {
  const checkpoints = new SimulatedCheckpoints(bench.network())
  return Layer.sync(Checkpoints, () => checkpoints.connect(bench.host()))
}

checkpointsContract({ describe, test }, { name: "simulated", layer, run: bench.run })
