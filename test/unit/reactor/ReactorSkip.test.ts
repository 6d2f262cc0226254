/** A reactor that does not get past a record, and the operator who has it step past. */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { send } from "../../../runtime/definition/Send.ts"
import { MailboxRefused } from "../../../runtime/mailbox/Mailbox.ts"
import { added, Ledger } from "../projection/Ledger.ts"
import { lettersIn, mirror, open, receiversIn } from "./Mirror.ts"
import { inWorld, until, type World } from "./ReactorFixture.ts"

const full = new MailboxRefused({ reason: "Full", detail: "it is full", hint: "" })

/** One receiver takes nothing. */
const block = ({ faults, messaging }: World, key: string) => {
  faults.mailbox.publish = (message) =>
    message.address.key === key ? Effect.fail(full) : messaging.mailbox.publish(message)
}

const order = (sequence: number) => ({ sequence, by: "ann", note: "copy-b is gone" })

test("FAULT 72: steps past a record whose receiver takes nothing, with a dead letter that brings it back", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      const { writer, start } = world
      block(world, "ledger/copy-b")
      yield* writer.write("a", added(1))
      const bad = yield* writer.write("b", added(1))
      const runner = yield* start(mirror())
      yield* until(() => runner.stopped(0) !== undefined)
      expect(runner.status()).toMatchObject({ state: "unavailable", stoppedAt: bad })
      yield* writer.write("c", added(1))
      yield* TestClock.adjust("1 minute")
      expect(receiversIn(world)).toEqual(["ledger/copy-a"])

      const skipping = yield* Effect.forkScoped(runner.skip(0, order(bad)))
      yield* until(() => receiversIn(world).length === 2)
      yield* until(() => skipping.pollUnsafe() !== undefined)
      expect(yield* Fiber.join(skipping)).toEqual({ isNews: true, deadLetterCount: 1 })
      expect(receiversIn(world)).toEqual(["ledger/copy-a", "ledger/copy-c"])
      const [letter] = lettersIn(world)
      expect(letter).toMatchObject({
        key: "reactor/mirror",
        reason: "ReactorFailed",
        detail: expect.stringMatching(/^skipped by ann: copy-b is gone; it failed with: .*it is full/),
      })
      expect(JSON.parse(letter?.original ?? "")).toEqual({ key: "ledger/b", sequence: bad })
      expect(runner.status()).not.toHaveProperty("stoppedAt")
      expect((yield* runner.skip(0, order(bad))).isNews).toBe(false)

      world.faults.mailbox = {}
      yield* runner.redrive({ sequence: bad })
      expect(receiversIn(world)).toEqual(["ledger/copy-a", "ledger/copy-c", "ledger/copy-b"])
    }),
  ))

test("steps past a record whose handler takes its time, without what it would have sent", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      const { writer, start } = world
      const never = new Promise<never>(() => undefined)
      const bad = yield* writer.write("b", added(1))
      yield* writer.write("c", added(2))
      const runner = yield* start(
        mirror((amount, id) =>
          amount === 1 ? never : send.tell({ actor: Ledger, id: `copy-${id}`, command: open }),
        ),
      )
      yield* until(() => runner.stopped(0)?.sequence === bad, 1_000)
      const skipping = yield* Effect.forkScoped(runner.skip(0, order(bad)))
      yield* until(() => skipping.pollUnsafe() !== undefined)
      expect(receiversIn(world)).toEqual(["ledger/copy-c"])
      expect(lettersIn(world)).toMatchObject([{ detail: expect.stringContaining("skipped by ann") }])
    }),
  ))

test("steps past no other record, and loses nothing of those that it sends at the same time", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      const { writer, start } = world
      block(world, "ledger/copy-b")
      const bad = yield* writer.write("b", added(1))
      const others = ["c", "d", "e"]
      let last = 0
      for (const id of others) last = yield* writer.write(id, added(1))
      const runner = yield* start(mirror())
      yield* until(() => runner.stopped(0) !== undefined)
      expect((yield* Effect.flip(runner.skip(0, order(last)))).message).toContain(`at record ${bad}`)
      const skipping = yield* Effect.forkScoped(runner.skip(0, order(bad)))
      yield* until(() => skipping.pollUnsafe() !== undefined)
      expect(receiversIn(world)).toEqual(others.map((id) => `ledger/copy-${id}`))
      expect(world.taken).toHaveLength(3)
      expect(lettersIn(world)).toHaveLength(1)
    }),
  ))
