import { JournalMemory } from "../../runtime/journal/JournalMemory.ts"
import { journalContract } from "./Journal.contract.ts"

journalContract("in-memory", () => JournalMemory.layer())
