import { CheckpointsMemory } from "../../runtime/checkpoint/CheckpointsMemory.ts"
import { checkpointsContract } from "./Checkpoints.contract.ts"

checkpointsContract("in-memory", () => CheckpointsMemory.layer)
