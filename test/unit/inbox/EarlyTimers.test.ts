/** A mailbox whose server's clock is ahead of the node's: timers are handed out early, and fire when they are due. */
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { EARLY_HELD_MAX } from "../../../runtime/inbox/EarlyTimers.ts"
import { MailboxTime } from "../../../runtime/mailbox/MailboxTime.ts"
import { decodeMessage, encodeMessage, type TimerMessage } from "../../../runtime/mailbox/Message.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { virtually } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

/** A mailbox whose clock is `aheadMs` ahead, and how often it was given a schedule. */
const aheadBy = (aheadMs: number) => {
  const messaging = new MessagingMemory()
  const { schedule, receive } = messaging.mailbox
  const given = { scheduleCount: 0 }
  Object.assign(messaging.mailbox, {
    schedule: (message: Parameters<typeof schedule>[0]) => {
      given.scheduleCount++
      return schedule({ ...message, atMs: message.atMs - aheadMs })
    },
    receive: (...of: Parameters<typeof receive>) =>
      Stream.map(receive(...of), (delivery) => ({
        ...delivery,
        storedAtMs: (delivery.storedAtMs ?? 0) + aheadMs,
      })),
  })
  return { messaging, given }
}

const PATIENCE_MS = 60_000

/** Opens desks, whose patience ends after a minute, and tells how many alarms there were so far. */
const desks = (
  aheadMs: number,
  deskCount: number,
  body: (
    alarms: Effect.Effect<number>,
    given: { readonly scheduleCount: number },
  ) => Effect.Effect<void, unknown>,
) => {
  const { messaging, given } = aheadBy(aheadMs)
  return virtually({ actors: [Desk, Clerk], messaging, shardCount: 1 }, ({ system }) =>
    Effect.gen(function* () {
      // A new shard places its timers twice, before its sentinel is there.
      yield* TestClock.adjust("20 seconds")
      const all = Array.from({ length: deskCount }, (_, index) => system.get(Desk, `d-${index}`))
      for (const desk of all) yield* desk.ask({ type: "Open", sheet: "s" })
      const alarms = Effect.map(
        Effect.forEach(all, (desk) => Effect.orDie(desk.state())),
        (states) => states.reduce((sum, { state }) => sum + state.context.alarms, 0),
      )
      yield* body(alarms, given)
    }),
  )
}

it.each([400, 30_000])(
  "FAULT 82: %d ms ahead, a timer is not early, not by 500 ms either, nor late",
  (aheadMs) =>
    desks(aheadMs, 3, (alarms, given) =>
      Effect.gen(function* () {
        yield* TestClock.adjust(PATIENCE_MS - 350)
        expect(yield* alarms).toBe(0)
        yield* TestClock.adjust(349)
        expect(yield* alarms).toBe(0)
        yield* TestClock.adjust(20)
        expect(yield* alarms).toBe(3)
        expect(given.scheduleCount).toBe(3)
      }),
    ),
)

it("FAULT 82: more timers than wait in memory are given back once each, by the server's clock", () =>
  desks(30_000, EARLY_HELD_MAX + 100, (alarms, given) =>
    Effect.gen(function* () {
      yield* TestClock.adjust(PATIENCE_MS - 1)
      expect(yield* alarms).toBe(0)
      yield* TestClock.adjust(500)
      expect(yield* alarms).toBe(EARLY_HELD_MAX + 100)
      expect(given.scheduleCount).toBeLessThanOrEqual(EARLY_HELD_MAX + 100 + 110)
    }),
  ))

it("FAULT 70: a message that names an earlier time than the commit did does not fire the timer", () => {
  const messaging = new MessagingMemory()
  const { schedule } = messaging.mailbox
  const placed: Array<Parameters<typeof schedule>[0]> = []
  Object.assign(messaging.mailbox, {
    schedule: (message: Parameters<typeof schedule>[0]) => {
      placed.push(message)
      return schedule(message)
    },
  })
  return virtually({ actors: [Desk, Clerk], messaging, shardCount: 1 }, ({ system }) =>
    Effect.gen(function* () {
      const desk = system.get(Desk, "d")
      yield* desk.ask({ type: "Open", sheet: "s" })
      yield* TestClock.adjust("1 second")
      const timer = placed.find(({ slot }) => slot.startsWith("timer."))
      if (timer === undefined) return expect.fail("no timer was placed")
      const message = decodeMessage(timer.data) as TimerMessage
      yield* messaging.mailbox.publish({ ...timer, data: encodeMessage({ ...message, at: 0 }) })
      yield* TestClock.adjust(PATIENCE_MS - 2_000)
      expect((yield* desk.state()).state.context.alarms).toBe(0)
      yield* TestClock.adjust(2_000)
      expect((yield* desk.state()).state.context.alarms).toBe(1)
    }),
  )
})

it("learns the server's time from the fastest message, and forgets it after a while", () => {
  const time = new MailboxTime()
  expect(time.aheadMs(1_000, 50)).toBe(0)
  time.learn(31_000, 50)
  expect(time.aheadMs(1_000, 50)).toBe(30_000)
  // A slow one tells less; the node's clock was set right meanwhile.
  time.learn(31_500, 5_050)
  expect(time.aheadMs(6_000, 5_050)).toBe(30_000)
  expect(time.aheadMs(36_000, 5_050)).toBe(0)
  time.learn(700_000, 700_000)
  expect(time.aheadMs(700_000, 700_000)).toBe(0)
})
