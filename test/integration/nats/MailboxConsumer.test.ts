import { Effect, Stream } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import type { ReceiverGroup } from "../../../runtime/mailbox/Mailbox.ts"
import { MESSAGES_STREAM, openMailbox, receiver, send, takeMany, textsOf } from "./MailboxFixture.ts"
import { admin, eventually, freshServer, order, run, SHARD_COUNT } from "./NatsFixture.ts"

const here = order("a")
const consumer = `${MESSAGES_STREAM}.shard-${here.shard}`

it("FAULT 28: a receiver whose consumer is deleted makes it again, and what was unacknowledged comes first, as repeats", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { mailbox } = yield* openMailbox(server)
      const take = yield* receiver(mailbox, here.shard)
      for (const id of ["a", "b", "c"]) yield* send(mailbox, here, id)
      const [, second] = yield* takeMany(take, 3)
      yield* second?.ack ?? Effect.void
      for (let round = 0; round < 3; round++) {
        yield* admin(server, `CONSUMER.DELETE.${consumer}`)
        yield* send(mailbox, here, `new ${round}`)
        const taken = yield* takeMany(take, 3)
        expect(textsOf(taken)).toEqual(["a", "c", `new ${round}`])
        expect(taken.map(({ isRepeat }) => isRepeat)).toEqual([true, true, false])
        yield* taken[2]?.ack ?? Effect.void
      }
    }),
  ))

it("a second receiver gets everything unacknowledged at once and alone; the first comes back when it is gone", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const one = yield* openMailbox(server)
      const two = yield* openMailbox(server)
      const first = yield* receiver(one.mailbox, here.shard)
      for (const id of ["a", "b"]) yield* send(one.mailbox, here, id)
      expect(textsOf(yield* takeMany(first, 2))).toEqual(["a", "b"])
      yield* Effect.scoped(
        Effect.gen(function* () {
          const second = yield* receiver(two.mailbox, here.shard)
          const taken = yield* takeMany(second, 2)
          expect(taken.map(({ isRepeat }) => isRepeat)).toEqual([true, true])
          expect(textsOf(taken)).toEqual(["a", "b"])
          for (let number = 0; number < 50; number++) yield* send(one.mailbox, here, `n${number}`)
          const others = yield* takeMany(second, 50)
          expect(textsOf(others)).toEqual(others.map((_, number) => `n${number}`))
          for (const { ack } of [...taken.slice(1), ...others.slice(0, -1)]) yield* ack
          yield* Effect.promise(() => two.connection.client.flush())
        }),
      )
      const left = yield* takeMany(first, 2)
      expect(textsOf(left)).toEqual(["a", "n49"])
      expect(left.map(({ isRepeat }) => isRepeat)).toEqual([true, true])
    }),
  ))

it("FAULT 28: remembers over processes what was handed out, even by receivers that came to less than those before", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { mailbox } = yield* openMailbox(server)
      /** So large that one message is not handed out with all others. */
      const data = new Uint8Array(1_000_000)
      for (let number = 0; number < 20; number++) {
        yield* mailbox.publish({ address: here, id: `n${number}`, data })
      }
      const oneProcess = (count: number) =>
        Effect.scoped(
          Effect.gen(function* () {
            const other = yield* openMailbox(server)
            return yield* Stream.runCollect(Stream.take(other.mailbox.receive(here.shard), count))
          }),
        )
      expect((yield* oneProcess(20)).some(({ isRepeat }) => isRepeat)).toBe(false)
      expect((yield* oneProcess(1)).every(({ isRepeat }) => isRepeat)).toBe(true)
      expect((yield* oneProcess(20)).every(({ isRepeat }) => isRepeat)).toBe(true)
    }),
  ))

it("messages of a type that was left out are no repeats, but for those that were handed out before", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { mailbox } = yield* openMailbox(server)
      const clerk = addressOf("clerk", "c", SHARD_COUNT)
      const others = ["x", "y", "z"].map((id) => addressOf("other", id, SHARD_COUNT))
      const other = others.find(({ shard }) => shard === clerk.shard) ?? clerk
      const receiving = (count: number, only?: ReceiverGroup) =>
        Effect.scoped(Effect.flatMap(receiver(mailbox, clerk.shard, only), (take) => takeMany(take, count)))
      const leaving: ReceiverGroup = { name: "default", types: ["other"], leftOut: ["clerk"] }
      yield* send(mailbox, clerk, "a")
      expect(textsOf(yield* receiving(1))).toEqual(["a"])
      yield* send(mailbox, clerk, "b")
      yield* send(mailbox, other, "x")
      // Twice: a restart in between forgets nothing.
      for (let round = 0; round < 2; round++) expect(textsOf(yield* receiving(1, leaving))).toEqual(["x"])
      const taken = yield* receiving(3)
      expect(taken.map(({ isRepeat }) => isRepeat)).toEqual([true, false, true])
      expect((yield* receiving(3)).every(({ isRepeat }) => isRepeat)).toBe(true)
    }),
  ))

it("FAULT 30: hands a message out for ever, however often it was not acknowledged", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { mailbox } = yield* openMailbox(server, { redeliveryMs: 100 })
      const take = yield* receiver(mailbox, here.shard)
      yield* send(mailbox, here, "poison")
      const taken = yield* takeMany(take, 15)
      expect(new Set(textsOf(taken))).toEqual(new Set(["poison"]))
      expect(taken.map(({ isRepeat }) => isRepeat)).toEqual(taken.map((_, index) => index > 0))
    }),
  ))

it("FAULT 34: a server that restarts keeps what waits, and hands it out again first", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { mailbox } = yield* openMailbox(server)
      const take = yield* receiver(mailbox, here.shard)
      for (const id of ["a", "b"]) yield* send(mailbox, here, id)
      yield* takeMany(take, 2)
      yield* Effect.promise(async () => {
        await server.kill()
        await server.restart()
      })
      yield* eventually(send(mailbox, here, "c"))
      const taken = yield* takeMany(take, 3)
      expect(textsOf(taken)).toEqual(["a", "b", "c"])
      expect(taken.map(({ isRepeat }) => isRepeat)).toEqual([true, true, false])
    }),
  ))
