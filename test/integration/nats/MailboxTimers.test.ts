import { Clock, Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { publishTo } from "../../../infra/nats/connection/PubAck.ts"
import { SCHEDULE_AHEAD_MAX_MS } from "../../../infra/nats/mailbox/MailboxNats.ts"
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"
import { type MailboxService, UNACKNOWLEDGED_MAX } from "../../../runtime/mailbox/Mailbox.ts"
import { openMailbox, receiver, send, TIMERS_STREAM, takeMany, textsOf, until } from "./MailboxFixture.ts"
import { admin, bytes, eventually, freshServer, order, run, SHARD_COUNT } from "./NatsFixture.ts"

const here = order("a")

const schedule = (mailbox: MailboxService, address: ActorAddress, slot: string, atMs: number, id = slot) =>
  mailbox.schedule({ address, slot, id, atMs, data: bytes(id) })

describe("FAULT 58: a server that is down when a timer is due", () => {
  it("fires it once, after it is back, and a cancelled or replaced one never", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { mailbox } = yield* openMailbox(server)
        const atMs = (yield* Clock.currentTimeMillis) + 3_000
        yield* schedule(mailbox, here, "due", atMs)
        yield* schedule(mailbox, here, "cancelled", atMs)
        yield* mailbox.unschedule(here, "cancelled")
        yield* schedule(mailbox, here, "slot", atMs, "replaced")
        yield* schedule(mailbox, here, "slot", atMs + 1, "newest")
        expect(yield* Clock.currentTimeMillis).toBeLessThan(atMs)
        yield* Effect.promise(() => server.kill())
        yield* until(() => Date.now() > atMs + 100)
        yield* Effect.promise(() => server.restart())
        const take = yield* receiver(mailbox, here.shard)
        expect(textsOf(yield* takeMany(take, 2)).sort()).toEqual(["due", "newest"])
        yield* eventually(send(mailbox, here, "end"))
        expect(textsOf(yield* takeMany(take, 1))).toEqual(["end"])
      }),
    ))
})

describe("FAULT 59: times that no server can hold", () => {
  it.each([
    ["the year 2300", Date.UTC(2300, 0, 1)],
    ["the year 9999", Date.UTC(9999, 11, 31)],
    ["the last date", 8.64e15],
    ["infinity", Number.POSITIVE_INFINITY],
  ])("puts off what is due in %s by a year, when the receiver schedules it again", (_, atMs) =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { mailbox } = yield* openMailbox(server)
        const nowMs = yield* Clock.currentTimeMillis
        yield* schedule(mailbox, here, "far", atMs)
        const subject = `fault.tmr.${here.shard}.order.a.far`
        const reply = yield* admin(server, `STREAM.MSG.GET.${TIMERS_STREAM}`, { last_by_subj: subject })
        const { hdrs } = reply["message"] as { hdrs: string }
        const at = /Nats-Schedule: @at (\S+)/.exec(Buffer.from(hdrs, "base64").toString())?.[1] ?? ""
        expect(Date.parse(at) - nowMs - SCHEDULE_AHEAD_MAX_MS).toBeLessThan(60_000)
        expect(Date.parse(at)).toBeGreaterThan(nowMs)
      }),
    ),
  )

  it.each([
    ["a negative time", -1],
    ["minus infinity", Number.NEGATIVE_INFINITY],
    ["no number", Number.NaN],
  ])("delivers what is due at %s now, and out of its slot", (_, atMs) =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { mailbox } = yield* openMailbox(server)
        const take = yield* receiver(mailbox, here.shard)
        yield* schedule(mailbox, here, "slot", (yield* Clock.currentTimeMillis) + 1_000, "before")
        yield* schedule(mailbox, here, "slot", atMs, "now")
        yield* schedule(mailbox, here, "other", (yield* Clock.currentTimeMillis) + 1_200, "last")
        expect(textsOf(yield* takeMany(take, 2))).toEqual(["now", "last"])
      }),
    ),
  )
})

describe("FAULT 61: 20,000 timers that are due at once", () => {
  it("fire once each, with a bounded number in memory", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { mailbox } = yield* openMailbox(server)
        const count = 20_000
        const atMs = (yield* Clock.currentTimeMillis) + 4_000
        yield* Effect.forEach(
          Array.from({ length: count }, (_, index) => order(`o${index}`)),
          (address) => schedule(mailbox, address, "timer", atMs, address.key),
          { concurrency: 500, discard: true },
        )
        // A slow machine places the last of them when they are due already.
        const fired = new Map<string, number>()
        let early = 0
        let unacknowledgedMax = 0
        for (let shard = 0; shard < SHARD_COUNT; shard++) {
          let unacknowledged = 0
          yield* Effect.forkScoped(
            mailbox.receive(shard).pipe(
              Stream.mapEffect(
                ({ key, ack }) =>
                  Effect.gen(function* () {
                    unacknowledgedMax = Math.max(unacknowledgedMax, ++unacknowledged)
                    if (Date.now() < atMs) early++
                    yield* Effect.sleep(20)
                    fired.set(key, (fired.get(key) ?? 0) + 1)
                    unacknowledged--
                    yield* ack
                  }),
                { concurrency: "unbounded" },
              ),
              Stream.runDrain,
            ),
          )
        }
        yield* until(() => fired.size === count)
        expect(early).toBe(0)
        expect([...fired.values()].every((times) => times === 1)).toBe(true)
        expect(unacknowledgedMax).toBeLessThanOrEqual(UNACKNOWLEDGED_MAX)
      }),
    ))
})

describe("FAULT 64: an actor that is flooded", () => {
  it("refuses messages as Full, and its timers still fire", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { mailbox } = yield* openMailbox(server, { messagesPerActorMax: 10 })
        for (let number = 0; number < 10; number++) yield* send(mailbox, here, `n${number}`)
        expect(yield* Effect.flip(send(mailbox, here, "one more"))).toMatchObject({
          _tag: "MailboxRefused",
          reason: "Full",
        })
        yield* schedule(mailbox, here, "timer", (yield* Clock.currentTimeMillis) + 300)
        yield* schedule(mailbox, here, "past", 0)
        const isThere = Effect.gen(function* () {
          const info = yield* admin(server, `STREAM.INFO.${TIMERS_STREAM}`, { subjects_filter: ">" })
          const { subjects } = info["state"] as { subjects: Record<string, number> }
          return subjects[`fault.due.${here.shard}.order.a`] === 2 ? true : yield* Effect.fail("not yet")
        })
        yield* eventually(isThere)
        const take = yield* receiver(mailbox, here.shard)
        const texts = textsOf(yield* takeMany(take, 12))
        const isTimer = (id: string) => id === "past" || id === "timer"
        const messages = texts.filter((id) => !isTimer(id))
        expect(messages).toEqual(messages.map((_, index) => `n${index}`))
        expect(texts.filter(isTimer)).toEqual(["past", "timer"])
      }),
    ))
})

describe("FAULT 70: a sentinel that no node has placed", () => {
  it("hides none of the others, so what is lost is still noticed", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { mailbox, connection } = yield* openMailbox(server)
        yield* mailbox.placeSentinel(3, "shard.3")
        const later = {
          "Nats-Schedule": "@at 2120-01-01T00:00:00Z",
          "Nats-Schedule-Target": "fault.due.4._.x",
        }
        for (const token of ["%zz", "%ED%A0%80"]) {
          yield* publishTo(connection.requests, `fault.tmr.4._.sentinel.${token}`, bytes("x"), later)
        }
        expect([...(yield* mailbox.sentinels)]).toEqual(["shard.3"])
      }),
    ))
})
