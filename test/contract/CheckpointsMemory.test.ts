import { describe, test } from "vitest"
import { CheckpointsMemory } from "../../runtime/checkpoint/CheckpointsMemory.ts"
import { checkpointsContract } from "../../runtime/contract/CheckpointsContract.ts"

checkpointsContract({ describe, test }, { name: "in-memory", layer: () => CheckpointsMemory.layer })
