/** What a reactor does when handlers fail, and when ports do. */
import { Effect, Stream } from "effect"
import { expect, test } from "vitest"
import { CheckpointsUnavailable } from "../../../runtime/checkpoint/Checkpoints.ts"
import { DeadLettersUnavailable } from "../../../runtime/deadletter/DeadLetters.ts"
import { send } from "../../../runtime/definition/Send.ts"
import { PublisherUnavailable } from "../../../runtime/integration/EventPublisher.ts"
import { JournalRefused } from "../../../runtime/journal/Journal.ts"
import { MailboxRefused, MailboxUnavailable } from "../../../runtime/mailbox/Mailbox.ts"

import { REACTION_TIMEOUT_MS } from "../../../runtime/reactor/Attempt.ts"
import { REACTION_ATTEMPTS_MAX } from "../../../runtime/reactor/Reacting.ts"
import { added, Ledger, opened } from "../projection/Ledger.ts"
import { LedgerGrown, lettersIn, messagesIn, mirror, open, receiversIn } from "./Mirror.ts"
import { inWorld, until } from "./ReactorFixture.ts"

const unavailable = new MailboxUnavailable({ reason: "NoResponders", detail: "down" })

test("moves its position past a record only when all that the record led to is stored", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      const { mailbox } = world.messaging
      yield* world.writer.write("a", added(1))
      world.faults.mailbox.publish = (message) =>
        message.id.endsWith(".1") ? Effect.fail(unavailable) : mailbox.publish(message)
      const runner = yield* world.start(
        mirror((_, id) => [
          send.tell({ actor: Ledger, id: `x-${id}`, command: open }),
          send.tell({ actor: Ledger, id: `y-${id}`, command: open }),
        ]),
      )
      yield* until(() => runner.status().state === "unavailable")
      yield* until(() => world.taken.length === 1)
      expect(runner.status()).toMatchObject({ position: 0, lastError: unavailable.message })
      expect(world.messaging.checkpoints.positions.get("reactor.mirror")).toBeUndefined()
      world.faults.mailbox = {}
      yield* until(() => runner.status().position === 1)
      yield* until(() => world.messaging.checkpoints.positions.get("reactor.mirror") === 1)
      expect(runner.status().state).toBe("running")
    }),
  ))

test("FAULT 64: waits while the mailbox is full or away, skips nothing and keeps the order", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      const full = new MailboxRefused({ reason: "Full", detail: "full", hint: "Wait." })
      let failuresLeft = 6
      const { mailbox } = world.messaging
      world.faults.mailbox.publish = (message) =>
        failuresLeft-- > 0
          ? Effect.fail(failuresLeft % 2 === 0 ? full : unavailable)
          : mailbox.publish(message)
      for (const amount of [1, 2, 3]) yield* world.writer.write("a", added(amount))
      yield* world.start(
        mirror((amount) => send.tell({ actor: Ledger, id: "one", command: { ...open, amount } as never })),
      )
      yield* until(() => world.taken.length === 3)
      expect(messagesIn(world).map(({ c }) => c["amount"])).toEqual([1, 2, 3])
      expect(lettersIn(world)).toEqual([])
    }),
  ))

test("waits while integration events cannot be published", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      world.faults.publisher.publish = () => Effect.fail(new PublisherUnavailable({ detail: "down" }))
      yield* world.writer.write("a", added(7))
      const runner = yield* world.start(mirror((by) => send.publish(LedgerGrown, { by })))
      yield* until(() => runner.status().state === "unavailable")
      expect(runner.status().position).toBe(0)
      world.faults.publisher = {}
      yield* until(() => runner.status().position === 1)
      expect(world.messaging.publisher.events).toHaveLength(1)
    }),
  ))

test("tries a handler that throws again, then leaves a dead letter and goes on", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      let runCount = 0
      yield* world.writer.write("a", opened("ann"), added(13))
      yield* world.writer.write("b", added(1))
      const runner = yield* world.start(
        mirror((amount, id) => {
          if (amount !== 13) return send.tell({ actor: Ledger, id: `copy-${id}`, command: open })
          runCount++
          throw new Error("unlucky")
        }),
      )
      yield* until(() => runner.status().position === 2)
      expect(runCount).toBe(REACTION_ATTEMPTS_MAX)
      expect(receiversIn(world)).toEqual(["ledger/copy-b"])
      const [letter] = lettersIn(world)
      expect(letter).toMatchObject({
        key: "reactor/mirror",
        reason: "ReactorFailed",
        detail: "unlucky",
        attemptCount: REACTION_ATTEMPTS_MAX,
        messageId: "everstate:r.mirror.1.1",
      })
      expect(JSON.parse(letter?.original ?? "")).toMatchObject({
        sequence: 1,
        index: 1,
        actorType: "ledger",
        id: "a",
        version: 2,
        event: { type: "Added", schemaVersion: 2, payload: { amount: 13, currency: "EUR" } },
      })
      expect(runner.status()).toMatchObject({ handledCount: 1, failedCount: 1, lastError: "unlucky" })
    }),
  ))

test("forgives a handler that fails a few times", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      let runCount = 0
      yield* world.writer.write("a", added(1))
      const runner = yield* world.start(
        mirror(async (_, id) => {
          if (++runCount < REACTION_ATTEMPTS_MAX) throw new Error("not yet")
          return send.tell({ actor: Ledger, id: `copy-${id}`, command: open })
        }),
      )
      yield* until(() => runner.status().position === 1)
      expect(receiversIn(world)).toEqual(["ledger/copy-a"])
      expect(lettersIn(world)).toEqual([])
    }),
  ))

test("gives up on a handler that never ends", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", added(1))
      const runner = yield* world.start(mirror(() => new Promise(() => undefined)))
      yield* until(() => runner.status().position === 1, 1_000)
      expect(lettersIn(world)).toMatchObject([
        { detail: `the handler took longer than ${REACTION_TIMEOUT_MS} ms` },
      ])
    }),
  ))

test("refuses at once, and as a whole, a reaction that no reactor may have", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [unknown, RegExp]> = [
        [
          send.request({ actor: Ledger, id: "b", command: open, as: "answered" }),
          /^a reactor has no inbox, so it cannot request "Open" of ledger\/b: use send\.tell/,
        ],
        [
          send.tell({ actor: Ledger, id: "b", command: { ...open, at: new Date(0) } as never }),
          /"at" is not plain JSON/,
        ],
        [send.tell({ actor: Ledger, id: "b", command: open, afterMs: Number.NaN }), /is not a number/],
        [
          send.publish({ ...LedgerGrown, type: "ledger.shrunk" }, { by: 1 }),
          /"reactor\/mirror" does not publish "ledger.shrunk"/,
        ],
        [send.publish(LedgerGrown, { by: "much" as never }), /^ledger\.grown: by: /],
        [{ type: "Open" }, /neither send\.tell\(...\) nor send\.publish\(...\)/],
        [null, /neither send\.tell\(...\) nor send\.publish\(...\)/],
      ]
      for (const [index] of wrong.entries()) yield* world.writer.write("a", added(index))
      const runner = yield* world.start(
        mirror((index) => [
          send.tell({ actor: Ledger, id: "good", command: open }),
          wrong[index]?.[0] as never,
        ]),
      )
      yield* until(() => runner.status().position === wrong.length)
      expect(lettersIn(world).map(({ detail }) => detail)).toEqual(
        wrong.map(([, why]) => expect.stringMatching(why)),
      )
      expect(lettersIn(world).every(({ attemptCount }) => attemptCount === 1)).toBe(true)
      expect(world.taken).toEqual([])
    }),
  ))

test("FAULT 45: leaves a dead letter where an event that it reacts to cannot be read, and says what was stored", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", ["Added", 9, { amount: "1 EUR" }])
      yield* world.writer.writeGarbage("b")
      yield* world.writer.write("c", added(1))
      const runner = yield* world.start(mirror())
      yield* until(() => runner.status().position === 3)
      expect(receiversIn(world)).toEqual(["ledger/copy-c"])
      const [newer, garbage] = lettersIn(world)
      expect(newer).toMatchObject({ attemptCount: 1, detail: expect.stringContaining("NewerVersion") })
      expect(JSON.parse(newer?.original ?? "")).toMatchObject({ event: { payload: { amount: "1 EUR" } } })
      expect(garbage).toMatchObject({
        messageId: "everstate:r.mirror.2",
        original: '{"key":"ledger/b","sequence":2}',
      })
    }),
  ))

test("waits until a dead letter is stored", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      world.faults.deadLetters.add = () => Effect.fail(new DeadLettersUnavailable({ detail: "down" }))
      yield* world.writer.write("a", added(Number.MAX_SAFE_INTEGER))
      const runner = yield* world.start(mirror(() => null as never))
      yield* until(() => runner.status().state === "unavailable")
      expect(runner.status()).toMatchObject({ position: 0, failedCount: 0 })
      world.faults.deadLetters = {}
      yield* until(() => runner.status().position === 1)
      expect(lettersIn(world)).toHaveLength(1)
    }),
  ))

test("FAULT 36: makes a dead letter of a message that is too large, and goes on", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", added(1))
      yield* world.writer.write("b", added(1))
      const text = "x".repeat(world.messaging.mailbox.messageBytesMax)
      const runner = yield* world.start(
        mirror((_, id) =>
          send.tell({ actor: Ledger, id, command: (id === "a" ? { ...open, text } : open) as never }),
        ),
      )
      yield* until(() => runner.status().position === 2)
      expect(receiversIn(world)).toEqual(["ledger/b"])
      expect(lettersIn(world)).toMatchObject([{ key: "ledger/a", reason: "Refused" }])
    }),
  ))

test("starts when the checkpoints come back", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      world.faults.checkpoints.position = () => Effect.fail(new CheckpointsUnavailable({ detail: "down" }))
      yield* world.writer.write("a", added(1))
      const runner = yield* world.start(mirror())
      yield* until(() => runner.status().state === "unavailable")
      expect(world.taken).toEqual([])
      world.faults.checkpoints = {}
      yield* until(() => runner.status().position === 1)
      expect(world.taken).toHaveLength(1)
    }),
  ))

test("says that it is stalled while the journal refuses, and runs again by itself", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      const refusal = new JournalRefused({
        reason: "Replaced",
        detail: "another stream",
        hint: "Restore it.",
      })
      world.faults.journal.follow = () => Stream.fail(refusal)
      const runner = yield* world.start(mirror())
      yield* until(() => runner.status().state === "stalled")
      expect(runner.status().lastError).toBe(refusal.message)
      world.faults.journal = {}
      yield* until(() => runner.status().state === "running")
    }),
  ))

test("reacts again to an event that is handed back, under the same ids", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      let isMended = false
      yield* world.writer.write("a", added(1), added(13))
      const runner = yield* world.start(
        mirror((amount, id) => {
          if (amount === 13 && !isMended) throw new Error("unlucky")
          return send.tell({ actor: Ledger, id: `copy-${id}-${amount}`, command: open })
        }),
      )
      yield* until(() => runner.status().position === 1)
      const place = { sequence: 1, index: 1 }
      expect(yield* Effect.flip(runner.redrive(place))).toMatchObject({
        reactor: "mirror",
        detail: "unlucky",
      })
      isMended = true
      yield* runner.redrive(place)
      expect(receiversIn(world)).toEqual(["ledger/copy-a-1", "ledger/copy-a-13"])
      expect(messagesIn(world)[1]?.id).toBe("everstate:r.mirror.1.1.0")
    }),
  ))

test("says why an event cannot be handed back", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      yield* world.writer.write("a", opened("ann"), added(1))
      const runner = yield* world.start(mirror())
      yield* until(() => runner.status().position === 1)
      const why = (place: { sequence: number; index?: number }) =>
        Effect.map(Effect.flip(runner.redrive(place)), ({ detail }) => detail)
      expect(yield* why({ sequence: 9 })).toBe("the journal has no such record")
      expect(yield* why({ sequence: 1, index: 0 })).toBe("it has no handler for this event any more")
      world.faults.mailbox.publish = () => Effect.fail(unavailable)
      const late = yield* Effect.forkScoped(why({ sequence: 1, index: 1 }))
      yield* until(() => late.pollUnsafe() !== undefined)
      expect(late.pollUnsafe()).toMatchObject({ value: expect.stringContaining("try again") })
    }),
  ))
