import { Effect } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { makeJournalMemory } from "../../../runtime/journal/JournalMemory.ts"
import { epochInJournal } from "../../../runtime/system/JournalEpoch.ts"

const bytes = (epoch: number) => encodeCommit({ first: 1, at: 1, epoch }, [])

it("is that of a shard's highest commit, though one of a former owner or one that nobody reads is the newest", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const journal = makeJournalMemory()
      const counter = (id: string) => addressOf("counter", id, 1)
      expect(yield* epochInJournal(journal, 0)).toBe(0)
      yield* journal.append(counter("a"), 0, bytes(4))
      yield* journal.append(counter("b"), 0, bytes(3))
      yield* journal.append(counter("c"), 0, new TextEncoder().encode("{"))
      expect(yield* epochInJournal(journal, 0)).toBe(4)
      expect(yield* epochInJournal(journal, 1)).toBe(0)
    }),
  ))
