/** The journal in memory refuses like the real one, or unit tests would pass on what a server refuses. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { journalInMemory } from "../../fixtures/memory/JournalScripted.ts"

const address = addressOf("order", "a", 8)
const append = (journal: ReturnType<typeof journalInMemory>, expected: number) =>
  journal.append(address, expected, new Uint8Array(1))

it("takes an append that expects the actor's last sequence, and none that expects a lower or a higher one", () =>
  Effect.gen(function* () {
    const journal = journalInMemory()
    const first = yield* append(journal, 0)
    const second = yield* append(journal, first)
    for (const wrong of [0, first, second + 1]) {
      expect(yield* Effect.flip(append(journal, wrong))).toMatchObject({ reason: "WrongSequence" })
    }
    expect(yield* append(journal, second)).toBeGreaterThan(second)
  }).pipe(Effect.runPromise))
