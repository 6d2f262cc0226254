import { Clock, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it, test } from "vitest"
import { addressOf } from "../../runtime/address/ActorAddress.ts"
import { mailboxContract } from "../../runtime/contract/MailboxContract.ts"
import { REDELIVERY_MS } from "../../runtime/mailbox/Mailbox.ts"
import { MESSAGE_ID_WINDOW_MS } from "../../runtime/mailbox/MailboxContents.ts"
import { MailboxMemory, makeMailboxMemory } from "../../runtime/mailbox/MailboxMemory.ts"
import { realDate } from "../fixtures/time/RealDate.ts"

/** Short enough to wait for. */
const redeliveryMs = 2_000

// Side by side: they wait more than they work, each with a mailbox of its own.
describe.concurrent("a mailbox in memory", () => {
  mailboxContract({ describe, test }, { name: "in-memory", layer: () => MailboxMemory.layer() })

  mailboxContract(
    { describe, test },
    {
      name: "in-memory, with short times,",
      layer: (ms = REDELIVERY_MS) => MailboxMemory.layer({ redeliveryMs: ms, messagesPerActorMax: 2_000 }),
      redeliveryMs,
      messagesPerActorMax: 2_000,
    },
  )
})

it("the clock of a test drives schedules, redelivery and the window of ids", () =>
  Effect.gen(function* () {
    const mailbox = makeMailboxMemory()
    const address = addressOf("order", "a", 1)
    const data = new Uint8Array(1)
    const taking = Effect.forkChild(Stream.runCollect(Stream.take(mailbox.receive(0), 3)))
    const nowMs = yield* Clock.currentTimeMillis
    yield* mailbox.schedule({ address, id: "timer", slot: "s", atMs: nowMs + 30 * 86_400_000, data })
    const taken = yield* taking
    yield* TestClock.adjust("30 days")
    yield* TestClock.adjust(REDELIVERY_MS)
    expect([...mailbox.contents.messages].map(({ id, handedOutCount }) => [id, handedOutCount])).toEqual([
      ["timer", 2],
    ])
    yield* mailbox.publish({ address, id: "m", data })
    const [first, second, third] = yield* Fiber.join(taken)
    expect([first?.isRepeat, second?.isRepeat, third?.isRepeat]).toEqual([false, true, false])
    yield* TestClock.adjust(MESSAGE_ID_WINDOW_MS - 1)
    yield* mailbox.publish({ address, id: "m", data })
    expect([...mailbox.contents.messages]).toHaveLength(2)
    yield* TestClock.adjust(1)
    yield* mailbox.publish({ address, id: "m", data })
    expect([...mailbox.contents.messages]).toHaveLength(3)
  }).pipe(Effect.provide(realDate), Effect.runPromise))
