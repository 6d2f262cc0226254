/**
 * The simulator finds runtimes that lose, repeat or mix up messages and timers. As in Mutations.test.ts each test breaks
 * one promise from outside, and says within how many seeds that must be found.
 */
import { Clock, Effect, Result, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { addressFromKey } from "../../runtime/address/ActorAddress.ts"
import type { MailboxService } from "../../runtime/mailbox/Mailbox.ts"
import { decodeMessage } from "../../runtime/mailbox/Message.ts"
import { stepsOf } from "../../runtime/testing/simulation/Shrink.ts"
import {
  type PortDoubles,
  PROMISES,
  type SimulateOptions,
  SimulationFailed,
  simulate,
} from "../../runtime/testing.ts"
import { Clerk, Desk } from "../fixtures/memory/Desk.ts"
import { Reminder } from "./Reminder.ts"
import { deskCalls, deskWorkload } from "./scenarios/DeskWorkload.ts"
import { scenarios } from "./scenarios/index.ts"
import { reminderWorkload } from "./scenarios/ReminderWorkload.ts"

/** Steps (requests and faults) that a shrunk case may have. */
const SHRUNK_STEPS_MAX = 15

const small = {
  actors: [Desk, Clerk],
  calls: deskCalls,
  workload: deskWorkload(3, 80),
  nodes: 1,
  twice: 0,
  settings: { idleMs: 1_000 },
  until: { convergeMs: 60_000 },
} satisfies SimulateOptions

/** The failure that is found within `seeds` seeds. */
const found = async (seeds: number, options: Partial<SimulateOptions>): Promise<SimulationFailed> => {
  const outcome = await simulate({ ...small, ...options, runs: seeds }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(outcome instanceof SimulationFailed)) throw outcome ?? new Error(`not found in ${seeds} seeds`)
  expect(stepsOf(outcome.regression)).toBeLessThanOrEqual(SHRUNK_STEPS_MAX)
  return outcome
}

const mailboxDouble = (change: (mailbox: MailboxService) => Partial<MailboxService>): PortDoubles => ({
  mailbox: (mailbox) => ({ ...mailbox, ...change(mailbox) }),
})

const reminders = reminderWorkload(2, 60, 6_000)

describe("the simulator finds a runtime", () => {
  it("that acknowledges messages before their effect is stored, in 10 seeds", async () => {
    const doubles = mailboxDouble((mailbox) => ({
      receive: (...of) => Stream.tap(mailbox.receive(...of), ({ ack }) => ack),
    }))
    const faults = { "node crashes": 4, "append lost": 0.3, "last fails": 0.3 }
    const { regression } = await found(10, { doubles, faults })
    expect([PROMISES.delivered, PROMISES.converges]).toContain(regression.promise)
  })

  it("whose receivers go on to take what waits for a paused type, in 20 seeds", async () => {
    const doubles = mailboxDouble((mailbox) => ({ receive: (shard) => mailbox.receive(shard) }))
    const outcome = await simulate({
      ...scenarios["paused types"],
      doubles,
      twice: 0,
      shrinks: false,
      runs: 20,
    }).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!(outcome instanceof SimulationFailed)) throw outcome ?? new Error("not found in 20 seeds")
    expect(outcome.regression.promise).toBe(PROMISES.bystanders)
  })

  it("FAULT 82: that gives early timers back to a mailbox whose clock is ahead, in 20 seeds", async () => {
    const doubles = mailboxDouble((mailbox) => ({
      receive: (...of) =>
        Stream.filterMapEffect(mailbox.receive(...of), (delivery) =>
          Effect.gen(function* () {
            const timer = decodeMessage(delivery.data)
            if (timer.k !== "timer" || (yield* Clock.currentTimeMillis) >= timer.at)
              return Result.succeed(delivery)
            const address = addressFromKey(delivery.key, 4)
            const { data, sequence } = delivery
            const again = {
              address,
              id: `${timer.id}:${sequence}`,
              data,
              slot: `again.${timer.g}`,
              atMs: timer.at,
            }
            yield* Effect.orDie(Effect.retry(mailbox.schedule(again), { times: 100 }))
            yield* delivery.ack
            return Result.failVoid
          }),
        ),
    }))
    const { regression } = await found(20, { ...scenarios["lagging clocks"], faults: [], doubles })
    expect(regression.promise).toBe(PROMISES.calm)
  })

  it("FAULT 80: that does not notice that its schedules were purged, in 5 seeds", async () => {
    const slots = new Set(Array.from({ length: 64 }, (_, shard) => `shard.${shard}`))
    const doubles = mailboxDouble(() => ({ sentinels: Effect.succeed(slots) }))
    const faults = { "schedules lost": 2 }
    const { regression } = await found(5, { actors: [Reminder], workload: reminders, doubles, faults })
    expect(regression.promise).toBe(PROMISES.converges)
  })
})
