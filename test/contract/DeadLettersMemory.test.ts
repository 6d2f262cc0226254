import { describe, test } from "vitest"
import { deadLettersContract } from "../../runtime/contract/DeadLettersContract.ts"
import { DeadLettersMemory } from "../../runtime/deadletter/DeadLettersMemory.ts"

deadLettersContract({ describe, test }, { name: "in-memory", layer: () => DeadLettersMemory.layer })
