import { DeadLettersMemory } from "../../runtime/deadletter/DeadLettersMemory.ts"
import { deadLettersContract } from "./DeadLetters.contract.ts"

deadLettersContract("in-memory", () => DeadLettersMemory.layer)
