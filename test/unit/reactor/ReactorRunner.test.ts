/** What a reactor sends, and from where it goes on. */
import { Effect, Stream } from "effect"
import { expect, test } from "vitest"
import { send } from "../../../runtime/definition/Send.ts"

import { defineReactor } from "../../../runtime/reactor/Reactor.ts"
import { added, addedV1, closed, Ledger, opened } from "../projection/Ledger.ts"
import { LedgerGrown, lettersIn, messagesIn, mirror, open, receiversIn } from "./Mirror.ts"
import { inWorld, until } from "./ReactorFixture.ts"

test("sends what its handlers return, in the order of the journal, for what was there and what comes", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", opened("ann"), added(1), added(2))
      const runner = yield* world.start(mirror())
      yield* world.writer.write("b.1 *", addedV1(3), closed)
      yield* until(() => runner.status().position === 2)
      expect(receiversIn(world)).toEqual(["ledger/copy-a", "ledger/copy-a", "ledger/copy-b%2E1%20%2A"])
      expect(runner.status()).toMatchObject({
        name: "mirror",
        state: "running",
        position: 2,
        lag: 0,
        handledCount: 3,
        sentCount: 3,
        failedCount: 0,
        lastError: undefined,
      })
    }),
  ))

test("names messages after the place of their event, and says what caused them", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", opened("ann"), added(1))
      yield* world.start(
        mirror((_, id) => [
          send.tell({ actor: Ledger, id: `x-${id}`, command: open }),
          send.tell({ actor: Ledger, id: `x-${id}`, command: open }),
        ]),
      )
      yield* until(() => world.taken.length === 2)
      const m = { correlationId: "a-1", user: "tester", causationId: "a-1" }
      expect(messagesIn(world)).toMatchObject([
        { k: "command", id: "everstate:r.mirror.1.1.0", c: open, m },
        { k: "command", id: "everstate:r.mirror.1.1.1", c: open, m },
      ])
      expect(world.taken.map(({ id }) => id)).toEqual(messagesIn(world).map(({ id }) => id))
    }),
  ))

test("hands a handler the event upcasted and frozen, with all that is known of it", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const reactor = defineReactor({
        name: "watch",
        from: [Ledger],
        on: {
          Added: (event, meta) => {
            seen.push({ event, meta, isFrozen: Object.isFrozen(event) })
            return undefined
          },
        },
      })
      yield* world.writer.write("a", opened("ann"), addedV1(4))
      yield* world.start(reactor)
      yield* until(() => seen.length === 1)
      expect(seen).toEqual([
        {
          event: { type: "Added", amount: 4, currency: "KRW" },
          meta: {
            actorType: "ledger",
            id: "a",
            version: 2,
            sequence: 1,
            at: 1_001,
            commandId: "a-1",
            metadata: { user: "tester" },
          },
          isFrozen: true,
        },
      ])
    }),
  ))

test("awaits handlers that take their time, and keeps the order", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      for (const amount of [3, 1, 2]) yield* world.writer.write("a", added(amount))
      yield* world.start(
        mirror(async (amount) => {
          for (let turn = 0; turn < amount; turn++) await Promise.resolve()
          return send.tell({ actor: Ledger, id: `to-${amount}`, command: open })
        }),
      )
      yield* until(() => world.taken.length === 3)
      expect(receiversIn(world)).toEqual(["ledger/to-3", "ledger/to-1", "ledger/to-2"])
    }),
  ))

test("skips events that it has no handler for, even those that nobody here can read", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", ["Renamed", 9, {}], ["everstate.answered", 1, { as: "x" }], added(1))
      const runner = yield* world.start(mirror())
      yield* until(() => runner.status().position === 1)
      expect(receiversIn(world)).toEqual(["ledger/copy-a"])
      expect(lettersIn(world)).toEqual([])
    }),
  ))

test("delivers later what is told with a delay, counted from the commit", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", added(1))
      const runner = yield* world.start(
        mirror((_, id) => send.tell({ actor: Ledger, id, command: open, afterMs: 60_000 })),
      )
      yield* until(() => runner.status().sentCount === 1)
      expect([...world.messaging.mailbox.contents.schedules]).toMatchObject([{ atMs: 1_001 + 60_000 }])
    }),
  ))

test("publishes integration events as CloudEvents of its own", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", added(7))
      yield* world.start(mirror((by) => send.publish(LedgerGrown, { by })))
      yield* until(() => world.messaging.publisher.events.length === 1)
      const [event] = world.messaging.publisher.events
      expect(JSON.parse(new TextDecoder().decode(event?.data))).toMatchObject({
        id: "everstate:r.mirror.1.0.0",
        source: "/shop/reactor/mirror",
        type: "ledger.grown",
        time: "1970-01-01T00:00:01.001Z",
        correlationid: "a-1",
        causationid: "a-1",
        data: { by: 7 },
      })
    }),
  ))

test("goes on from its position after a stop, and sends nothing twice", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", added(1))
      const first = yield* world.startApart(mirror())
      yield* until(() => world.taken.length === 1)
      yield* first.stop
      expect(world.messaging.checkpoints.positions.get("reactor.mirror")).toBe(1)
      yield* world.writer.write("b", added(1))
      yield* world.start(mirror())
      yield* until(() => world.taken.length === 2)
      expect(receiversIn(world)).toEqual(["ledger/copy-a", "ledger/copy-b"])
    }),
  ))

test("FAULT 62: sends again under the same ids what a crash kept from its position", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      world.faults.checkpoints.advance = () => Effect.never
      yield* world.writer.write("a", added(1))
      const first = yield* world.startApart(mirror())
      yield* until(() => world.taken.length === 1)
      const stopping = yield* Effect.forkScoped(first.stop)
      yield* until(() => stopping.pollUnsafe() !== undefined)
      world.faults.checkpoints = {}
      yield* world.start(mirror())
      yield* until(() => world.taken.length === 2)
      expect(new Set(world.taken.map(({ id }) => id))).toEqual(new Set(["everstate:r.mirror.1.0.0"]))
      expect(messagesIn(world)).toHaveLength(1)
    }),
  ))

test("starting from now takes only what comes after its first start, also after a stop before anything came", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      const fromNow = mirror(undefined, "now")
      const first = yield* world.startApart(fromNow)
      yield* until(() => first.runner.status().state === "running")
      yield* first.stop
      yield* world.writer.write("a", added(1))
      const second = yield* world.startApart(fromNow)
      yield* until(() => world.taken.length === 1)
      expect(receiversIn(world)).toEqual(["ledger/copy-a"])
      yield* second.stop
    }),
  ))

test("starting from now skips what there is", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", added(1))
      const runner = yield* world.start(mirror(undefined, "now"))
      yield* until(() => runner.status().position === 1)
      yield* world.writer.write("b", added(1))
      yield* until(() => runner.status().position === 2)
      expect(receiversIn(world)).toEqual(["ledger/copy-b"])
    }),
  ))

test("FAULT 47: reacts once to what the journal delivers twice", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      world.faults.journal.follow = (options) =>
        world.journal.follow(options).pipe(Stream.flatMap((records) => Stream.make(records, records)))
      yield* world.writer.write("a", added(1))
      const runner = yield* world.start(mirror())
      yield* until(() => runner.status().position === 1)
      yield* world.writer.write("a", added(2))
      yield* until(() => runner.status().position === 2)
      expect(runner.status().handledCount).toBe(2)
      expect(world.taken).toHaveLength(2)
    }),
  ))

test("works through more records than are sent at once", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      for (let index = 0; index < 2_500; index++) yield* world.writer.write(`l-${index % 7}`, added(index))
      const runner = yield* world.start(
        mirror((amount, id) => send.tell({ actor: Ledger, id, command: { ...open, amount } as never })),
      )
      yield* until(() => runner.status().position === 2_500)
      for (let ledger = 0; ledger < 7; ledger++) {
        const own = messagesIn(world).filter(({ to }) => to === `ledger/l-${ledger}`)
        const amounts = own.map(({ c }) => c["amount"] as number)
        expect(amounts).toEqual(amounts.toSorted((a, b) => a - b))
      }
      expect(messagesIn(world)).toHaveLength(2_500)
    }),
  ))
