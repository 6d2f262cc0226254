/** Messages in work: nobody else is handed them meanwhile, and what cannot be applied is tried again before it is buried. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { REDELIVERY_MS } from "../../../runtime/mailbox/Mailbox.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { SHARD_COUNT, virtually } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const stamp = { type: "Stamp", sheet: "x" } as const

it("a message is handed out once, however long its commit takes", () =>
  virtually({ actors: [Clerk] }, ({ system, journal }) =>
    Effect.gen(function* () {
      const clerk = system.get(Clerk, "c")
      const release = journal.hold()
      yield* clerk.tell(stamp)
      yield* TestClock.adjust(10 * REDELIVERY_MS)
      expect((yield* system.status).messages).toMatchObject({ receivedCount: 1, openCount: 1 })
      release()
      yield* TestClock.adjust(10 * REDELIVERY_MS)
      expect((yield* system.status).messages).toMatchObject({ receivedCount: 1, openCount: 0 })
      expect((yield* clerk.state()).state.context.sheets).toEqual(["x"])
    }),
  ))

it("a message to an actor that cannot be read is tried six times", () => {
  const messaging = new MessagingMemory()
  return virtually({ actors: [Clerk], messaging }, ({ system, journal }) =>
    Effect.gen(function* () {
      const address = addressOf("clerk", "q", SHARD_COUNT)
      yield* journal.inner.append(address, 0, new TextEncoder().encode("hello"))
      yield* system.get(Clerk, "q").tell(stamp)
      yield* TestClock.adjust("1 minute")
      const letters = yield* messaging.deadLetters.list({ after: 0, limit: 10 })
      expect(letters).toMatchObject([{ reason: "Quarantined", attemptCount: 6 }])
    }),
  )
})
