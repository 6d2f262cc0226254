/** What every mailbox honours about schedules; a part of MailboxContract.ts. */
import { Clock, Effect } from "effect"
import { Mailbox } from "../mailbox/Mailbox.ts"
import type { Facts } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { beside, elsewhere, here, open, receiving, schedule, textOf, textsOf } from "./MailboxBench.ts"

/** A schedule that must not fire first is so far away, in milliseconds: longer than any stall of the test. */
const AHEAD_MS = 1_000

/** Registers the facts. */
export const scheduleFacts = ({ describe, fact }: Facts<Mailbox>): void => {
  describe("schedule", () => {
    fact(
      "delivers at the time, never early",
      Effect.gen(function* () {
        const receiver = yield* open(here)
        const nowMs = yield* Clock.currentTimeMillis
        const due = { near: nowMs + 300, middle: nowMs + 600, far: nowMs + 900 }
        yield* schedule(here, "3", "far", due.far)
        yield* schedule(beside, "1", "near", due.near)
        yield* schedule(here, "2", "middle", due.middle)
        for (const [text, atMs] of Object.entries(due)) {
          const delivery = yield* receiver.take
          expect(textOf(delivery)).toBe(text)
          expect(yield* Clock.currentTimeMillis).toBeGreaterThanOrEqual(atMs)
          yield* delivery.ack
        }
      }),
    )

    fact(
      "FAULT 58: delivers at once what is due already",
      Effect.gen(function* () {
        const nowMs = yield* Clock.currentTimeMillis
        yield* schedule(here, "past", "past", nowMs - 3_600_000)
        yield* schedule(beside, "beginning", "beginning", 0)
        const receiver = yield* open(here)
        expect(textsOf(yield* receiver.takeMany(2)).sort()).toEqual(["beginning", "past"])
      }),
    )

    fact(
      "delivers what became due while nobody received",
      Effect.gen(function* () {
        const nowMs = yield* Clock.currentTimeMillis
        yield* schedule(here, "s", "due", nowMs + 200)
        yield* receiving(elsewhere, ({ take }) =>
          Effect.andThen(schedule(elsewhere, "s", "later", nowMs + 400), take),
        )
        const receiver = yield* open(here)
        expect(textOf(yield* receiver.take)).toBe("due")
      }),
    )

    fact(
      "keeps the last one of a slot, and the slots of actors apart",
      Effect.gen(function* () {
        const receiver = yield* open(here)
        const nowMs = yield* Clock.currentTimeMillis
        yield* schedule(here, "slot", "replaced", nowMs + AHEAD_MS)
        yield* schedule(beside, "slot", "other actor", nowMs + AHEAD_MS)
        yield* schedule(here, "slot", "newest", nowMs + 1.5 * AHEAD_MS)
        expect(textsOf(yield* receiver.takeUntil("newest"))).toEqual(["other actor", "newest"])
      }),
    )

    fact(
      "can be moved forward",
      Effect.gen(function* () {
        const receiver = yield* open(here)
        const nowMs = yield* Clock.currentTimeMillis
        yield* schedule(here, "slot", "in a day", nowMs + 86_400_000)
        yield* schedule(here, "slot", "soon", nowMs + 300)
        expect(textOf(yield* receiver.take)).toBe("soon")
      }),
    )

    fact(
      "delivers nothing from a slot that was emptied",
      Effect.gen(function* () {
        const mailbox = yield* Mailbox
        const receiver = yield* open(here)
        const nowMs = yield* Clock.currentTimeMillis
        yield* schedule(here, "slot", "emptied", nowMs + AHEAD_MS)
        yield* schedule(here, "other slot", "kept", nowMs + 1.5 * AHEAD_MS)
        yield* mailbox.unschedule(here, "slot")
        yield* mailbox.unschedule(here, "never used")
        expect(textOf(yield* receiver.take)).toBe("kept")
      }),
    )

    fact(
      "uses a slot again after it was emptied and after it fired",
      Effect.gen(function* () {
        const mailbox = yield* Mailbox
        const receiver = yield* open(here)
        for (const id of ["one", "two"]) {
          const nowMs = yield* Clock.currentTimeMillis
          yield* schedule(here, "slot", `${id} emptied`, nowMs + AHEAD_MS)
          yield* mailbox.unschedule(here, "slot")
          yield* schedule(here, "slot", id, nowMs + 200)
          const delivery = yield* receiver.take
          expect(textOf(delivery)).toBe(id)
          yield* delivery.ack
        }
      }),
    )

    fact(
      "FAULT 80: keeps sentinels, each under its name, and hands none of them out",
      Effect.gen(function* () {
        const mailbox = yield* Mailbox
        const receiver = yield* open(here)
        expect([...(yield* mailbox.sentinels)]).toEqual([])
        const names = [`shard.${here.shard}`, `shard.big.${here.shard}`, "a name with spaces * and >"]
        for (const name of [...names, names[0] ?? ""]) yield* mailbox.placeSentinel(here.shard, name)
        yield* mailbox.placeSentinel(elsewhere.shard, "elsewhere")
        yield* schedule(here, "soon", "soon", (yield* Clock.currentTimeMillis) + 200)
        expect(textOf(yield* receiver.take)).toBe("soon")
        expect([...(yield* mailbox.sentinels)].sort()).toEqual([...names, "elsewhere"].sort())
        const [first = "", ...others] = names
        for (const name of [first, first, "never placed"]) yield* mailbox.removeSentinel(here.shard, name)
        expect([...(yield* mailbox.sentinels)].sort()).toEqual([...others, "elsewhere"].sort())
      }),
    )

    fact(
      "keeps sentinels among the messages, hands none of them out, and counts none",
      Effect.gen(function* () {
        const mailbox = yield* Mailbox
        const { place, remove, names } = mailbox.messageSentinels
        const receiver = yield* open(here)
        expect([...(yield* names)]).toEqual([])
        for (const name of ["shard.0~one", "a name with spaces * and >", "shard.0~one"]) yield* place(name)
        expect(yield* mailbox.backlog).toEqual([])
        expect((yield* mailbox.acknowledged(here.shard)).first).toBe(undefined)
        const atMs = (yield* Clock.currentTimeMillis) + 200
        yield* schedule(here, "soon", "soon", atMs)
        expect(textOf(yield* receiver.take)).toBe("soon")
        expect([...(yield* names)].sort()).toEqual(["a name with spaces * and >", "shard.0~one"])
        for (const name of ["shard.0~one", "shard.0~one", "never placed"]) yield* remove(name)
        expect([...(yield* names)]).toEqual(["a name with spaces * and >"])
      }),
    )

    fact(
      "FAULT 59: keeps what is due in centuries until then",
      Effect.gen(function* () {
        const receiver = yield* open(here)
        const nowMs = yield* Clock.currentTimeMillis
        yield* schedule(here, "2300", "2300", Date.UTC(2300, 0, 1))
        yield* schedule(here, "9999", "9999", Date.UTC(9999, 11, 31))
        yield* schedule(here, "soon", "soon", nowMs + 500)
        expect(textOf(yield* receiver.take)).toBe("soon")
      }),
    )
  })
}
