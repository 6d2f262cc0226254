/** Facts about appends whose answer comes by callback: the form that cells use (runtime/journal/BeginAppend.ts). */
import { Effect } from "effect"
import { beginAppendOf } from "../journal/BeginAppend.ts"
import { type AppendUnknown, Journal, type JournalRefused } from "../journal/Journal.ts"
import type { Facts } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { bytes, mate } from "./JournalBench.ts"

const order = (name: string) => mate("order", name)

/** Registers the facts. */
export const callbackFacts = ({ fact }: Facts<Journal>): void => {
  fact(
    "answers by callback what it answers as an effect, and not once it was cancelled",
    Effect.gen(function* () {
      const journal = yield* Journal
      const begin = beginAppendOf(journal.append, Effect.runFork)
      const appended = (expected: number, data: Uint8Array) =>
        Effect.callback<number, AppendUnknown | JournalRefused>((resume) => {
          begin(order("a"), expected, data, {
            stored: (sequence) => resume(Effect.succeed(sequence)),
            failed: (error) => resume(Effect.fail(error)),
            died: (defect) => resume(Effect.die(defect)),
          })
        }).pipe(Effect.retry({ times: 100, while: ({ reason }) => reason === "InFlight" }))
      const first = yield* appended(0, bytes("one"))
      const second = yield* appended(first, bytes("two"))
      expect(second).toBeGreaterThan(first)
      expect(yield* Effect.flip(appended(first, bytes("again")))).toMatchObject({
        reason: "WrongSequence",
      })
      const tooLarge = new Uint8Array(journal.commitBytesMax + 1)
      expect(yield* Effect.flip(appended(second, tooLarge))).toMatchObject({ reason: "TooLarge" })
      let answerCount = 0
      const count = () => void answerCount++
      begin(order("b"), 0, bytes("one"), { stored: count, failed: count, died: count })?.cancel()
      const answeredAtOnceCount = answerCount
      // Behind it on the same connection: its answer would have come before.
      expect(yield* appended(second, bytes("three"))).toBeGreaterThan(second)
      expect(answerCount).toBe(answeredAtOnceCount)
    }),
  )
}
