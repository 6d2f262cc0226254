/** A reactor over two partitions: each with a position of its own, opened and closed by itself. */
import { Effect, Exit, Scope } from "effect"
import { expect, test } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { send } from "../../../runtime/definition/Send.ts"
import type { ReactorRunner } from "../../../runtime/reactor/ReactorRunner.ts"
import { added, Ledger, shardCount } from "../projection/Ledger.ts"
import { lettersIn, messagesIn, mirror, open, receiversIn } from "./Mirror.ts"
import { inWorld, until, type World } from "./ReactorFixture.ts"

const inTwo = (body: (world: World) => Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  inWorld(body, 2)

/** A ledger of one of two partitions. */
const ledgerIn = (partition: number): string => {
  for (let count = 0; ; count++) {
    if (addressOf("ledger", `l-${count}`, shardCount).shard % 2 === partition) return `l-${count}`
  }
}
const [even, odd] = [ledgerIn(0), ledgerIn(1)]

const openApart = (runner: ReactorRunner, partition: number) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Scope.provide(runner.open(partition), scope)
    return Scope.close(scope, Exit.void)
  })

test("reacts once to each event of both partitions, and keeps a position for each", () =>
  inTwo((world) =>
    Effect.gen(function* () {
      for (let amount = 1; amount <= 20; amount++) {
        yield* world.writer.write(even, added(amount))
        yield* world.writer.write(odd, added(amount))
      }
      const { runner, stop } = yield* world.startApart(mirror())
      yield* until(() => runner.status().sentCount === 40)
      expect(new Set(messagesIn(world).map(({ id }) => id)).size).toBe(40)
      yield* until(() => runner.status().state === "running")
      expect(runner.status()).toMatchObject({
        handledCount: 40,
        lag: 0,
        partitions: [
          { partition: 0, position: 40, sentCount: 20 },
          { partition: 1, position: 41, sentCount: 20 },
        ],
      })
      yield* stop
      expect([...world.messaging.checkpoints.positions]).toEqual(
        expect.arrayContaining([
          ["reactor.mirror.p0", 40],
          ["reactor.mirror.p1", 41],
        ]),
      )
      expect(runner.status().state).toBe("elsewhere")
    }),
  ))

test("a partition that cannot go on leaves the other going", () =>
  inTwo((world) =>
    Effect.gen(function* () {
      world.faults.mailbox.publish = (message) =>
        message.address.key.includes(odd) ? Effect.never : world.messaging.mailbox.publish(message)
      const runner = yield* world.start(mirror())
      yield* world.writer.write(odd, added(1))
      for (let amount = 0; amount < 5; amount++) yield* world.writer.write(even, added(amount))
      yield* until(() => runner.status().sentCount === 5)
      expect(receiversIn(world)).toEqual(Array.from({ length: 5 }, () => `ledger/copy-${even}`))
      world.faults.mailbox = {}
    }),
  ))

test("goes on where it was left, however often a partition is closed and opened", () =>
  inTwo((world) =>
    Effect.gen(function* () {
      const runner = yield* world.make(mirror())
      for (let round = 1; round <= 4; round++) {
        yield* world.writer.write(odd, added(round))
        yield* world.writer.write(even, added(round))
        const close = yield* openApart(runner, 1)
        yield* until(() => runner.status().sentCount === round)
        expect(runner.status().partitions?.map(({ state }) => state)[0]).toBe("elsewhere")
        yield* close
        expect(world.messaging.checkpoints.positions.get("reactor.mirror.p1")).toBe(2 * round + 1)
      }
      expect(world.taken).toHaveLength(4)
      yield* runner.open(0)
      yield* until(() => runner.status().sentCount === 8)
    }),
  ))

test("starting from now holds for each partition by itself", () =>
  inTwo((world) =>
    Effect.gen(function* () {
      for (const id of [even, odd]) yield* world.writer.write(id, added(1))
      const runner = yield* world.make(mirror(undefined, "now"))
      yield* runner.open(0)
      yield* until(() => runner.status().state === "running")
      yield* world.writer.write(even, added(2))
      yield* world.writer.write(odd, added(2))
      yield* runner.open(1)
      yield* until(() => runner.status().partitions?.every(({ state }) => state === "running") === true)
      yield* world.writer.write(odd, added(3))
      yield* until(() => runner.status().sentCount === 2)
      expect(receiversIn(world)).toEqual([`ledger/copy-${even}`, `ledger/copy-${odd}`])
    }),
  ))

test("takes back an event of a partition that is run elsewhere", () =>
  inTwo((world) =>
    Effect.gen(function* () {
      const broken = { is: true }
      const reactor = mirror((_, id) => {
        if (broken.is) throw new Error("not ready")
        return send.tell({ actor: Ledger, id: `copy-${id}`, command: open })
      })
      const sequence = yield* world.writer.write(odd, added(1))
      const first = yield* world.startApart(reactor)
      yield* until(() => first.runner.status().failedCount === 1)
      yield* first.stop
      expect(lettersIn(world)).toHaveLength(1)
      broken.is = false
      const runner = yield* world.make(reactor)
      yield* runner.redrive({ sequence, index: 0 })
      expect(receiversIn(world)).toEqual([`ledger/copy-${odd}`])
      expect(runner.status()).toMatchObject({ state: "elsewhere", handledCount: 1 })
    }),
  ))
