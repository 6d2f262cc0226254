/** Messages in work: nobody else is handed them meanwhile, and what cannot be applied is tried again before it is buried. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { shardSlot } from "../../../runtime/cluster/Slot.ts"
import { ATTEMPTS_MAX, AttemptCounts } from "../../../runtime/inbox/AttemptCounts.ts"
import { REDELIVERY_MS } from "../../../runtime/mailbox/Mailbox.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { SHARD_COUNT, virtually } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { post } from "../../fixtures/memory/Post.ts"
import { realDate, START_MS } from "../../fixtures/time/RealDate.ts"

const stamp = { type: "Stamp", sheet: "x" } as const

it("a message is handed out once, however long its commit takes", () => {
  const messaging = new MessagingMemory()
  return virtually({ actors: [Clerk], messaging }, ({ system, journal }) =>
    Effect.gen(function* () {
      const clerk = system.get(Clerk, "c")
      const release = journal.hold()
      yield* post(messaging, Clerk, "c", stamp)
      yield* TestClock.adjust(10 * REDELIVERY_MS)
      expect((yield* system.status).messages).toMatchObject({ receivedCount: 1, openCount: 1 })
      release()
      yield* TestClock.adjust(10 * REDELIVERY_MS)
      expect((yield* system.status).messages).toMatchObject({ receivedCount: 1, openCount: 0 })
      expect((yield* clerk.state()).state.context.sheets).toEqual(["x"])
    }),
  )
})

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

it.each([
  [ATTEMPTS_MAX, undefined],
  [ATTEMPTS_MAX + 1, "AttemptsExhausted"],
])("a message that is taken up for the %ith time becomes a dead letter: %s", (attempt, reason) => {
  const messaging = new MessagingMemory()
  const { mailbox, checkpoints, deadLetters } = messaging
  const address = addressOf("clerk", "c", SHARD_COUNT)
  const message = { k: "command", v: 1, id: "m", c: stamp }
  const earlierLives = Effect.gen(function* () {
    yield* mailbox.publish({ address, id: "m", data: new TextEncoder().encode(JSON.stringify(message)) })
    mailbox.contents.take(address.shard, START_MS)
    const [{ sequence } = { sequence: 0 }] = mailbox.contents.messages
    const counts = new AttemptCounts(checkpoints)
    const slot = shardSlot(undefined, address.shard)
    // The first time is not counted, and the next one is the system's.
    for (let count = 2; count < attempt; count++) yield* counts.again(slot, { sequence })
  })
  return Effect.runPromise(Effect.provide(earlierLives, realDate)).then(() =>
    virtually({ actors: [Clerk], messaging }, ({ system }) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("10 minutes")
        const letters = yield* deadLetters.list({ after: 0, limit: 10 })
        expect(letters.map((letter) => letter.reason)).toEqual(reason === undefined ? [] : [reason])
        const { sheets } = (yield* system.get(Clerk, "c").state()).state.context
        expect(sheets).toEqual(reason === undefined ? ["x"] : [])
      }),
    ),
  )
})
