import { JournalMemory } from "../../runtime/journal/JournalMemory.ts"
import { watchedJournalContract } from "./WatchedJournal.ts"

watchedJournalContract("in-memory", () => JournalMemory.layer())
watchedJournalContract("two-partition in-memory", () => JournalMemory.layer({ partitionCount: 2 }))
