/** Messages that cannot be applied keep nobody waiting who has nothing to do with them. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { makeCheckpointsMemory } from "../../../runtime/checkpoint/CheckpointsMemory.ts"
import { DeadLettersUnavailable } from "../../../runtime/deadletter/DeadLetters.ts"
import { AttemptCounts, COUNTED_MAX } from "../../../runtime/inbox/AttemptCounts.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { post } from "../../fixtures/memory/Post.ts"

const encoder = new TextEncoder()

describe("FAULT 39: a malformed message", () => {
  it("lets the next one proceed while dead letters cannot be stored, and is kept until they can", async () => {
    const messaging = new MessagingMemory()
    const { add } = messaging.deadLetters
    let isDown = true
    Object.assign(messaging.deadLetters, {
      add: (letter: Parameters<typeof add>[0]) =>
        Effect.suspend(() =>
          isDown ? Effect.fail(new DeadLettersUnavailable({ detail: "down" })) : add(letter),
        ),
    })
    const { system } = await startMemory({ actors: [Clerk], messaging })
    const address = addressOf("clerk", "c", SHARD_COUNT)
    await Effect.runPromise(messaging.mailbox.publish({ address, id: "bad", data: encoder.encode("{") }))
    await Effect.runPromise(post(messaging, Clerk, "c", { type: "Stamp", sheet: "x" }))
    await eventually(async () => (await system.get(Clerk, "c").state()).version === 1)
    expect((await system.status()).messages.openCount).toBe(1)
    isDown = false
    const letters = () => Effect.runPromise(messaging.deadLetters.list({ after: 0, limit: 10 }))
    await eventually(async () => (await letters()).length === 1)
    await eventually(() => [...messaging.mailbox.contents.messages].length === 0)
  })
})

describe("a quarantined actor with many messages", () => {
  it("has them buried together, not one after the other", async () => {
    const messaging = new MessagingMemory()
    const journal = new JournalScripted()
    const address = addressOf("clerk", "q", SHARD_COUNT)
    await Effect.runPromise(journal.inner.append(address, 0, encoder.encode("hello")))
    const { system } = await startMemory({ actors: [Clerk], messaging, journal })
    const clerk = system.get(Clerk, "q")
    const startMs = performance.now()
    for (let sheet = 0; sheet < 50; sheet++) await clerk.tell({ type: "Stamp", sheet: `${sheet}` })
    await eventually(async () => (await system.status()).messages.deadLetterCount === 50)
    // One after the other, each takes half a second.
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })
})

describe("counts of attempts", () => {
  it("are kept for the newest messages, in whatever order their sequences are", async () => {
    const checkpoints = makeCheckpointsMemory()
    const again = (counts: AttemptCounts, sequence: number) =>
      Effect.runPromise(counts.again("0", { sequence }))
    const first = new AttemptCounts(checkpoints)
    for (let sequence = COUNTED_MAX; sequence > 0; sequence--) await again(first, sequence)
    // A crash: what is stored still has them all.
    const second = new AttemptCounts(checkpoints)
    expect(await again(second, -7)).toBe(2)
    expect(await again(second, COUNTED_MAX)).toBe(2)
    expect(await again(second, 1)).toBe(3)
    expect(await Effect.runPromise(checkpoints.note("attempts.2.0"))).toHaveLength(COUNTED_MAX)
  })
})
