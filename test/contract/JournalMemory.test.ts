import { JournalMemory } from "../../runtime/journal/JournalMemory.ts"
import { journalContract } from "./Journal.contract.ts"

journalContract("in-memory", () => JournalMemory.layer())
journalContract("two-partition in-memory", () => JournalMemory.layer({ partitionCount: 2 }))
