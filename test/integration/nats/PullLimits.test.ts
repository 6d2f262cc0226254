/** Pulls one after the other: those that brought all they asked for, and those that the server ended at their size. */
import { Effect, Stream } from "effect"
import { expect, it } from "vitest"
import { JOURNAL_PAGE_BYTES_MAX, JOURNAL_PAGE_RECORDS_MAX } from "../../../runtime/journal/Journal.ts"
import { MESSAGES_STREAM, openMailbox, receiver, until } from "./MailboxFixture.ts"
import { admin, bytes, freshServer, openJournal, order, run, STREAM } from "./NatsFixture.ts"

const actor = order("a")
const MESSAGE_BYTES = 400_000
/** Several pulls are full of them, and none has brought its number. */
const COUNT = Math.ceil((5 * JOURNAL_PAGE_BYTES_MAX) / MESSAGE_BYTES)

const large = (index: number): Uint8Array => new Uint8Array(MESSAGE_BYTES).fill(index)

it("a live tail goes on after pulls that ended at their size, in batches of bounded size", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { journal } = yield* openJournal(server)
      let last = 0
      for (let index = 0; index < COUNT; index++) last = yield* journal.append(actor, last, large(index))
      const seen: Array<number> = []
      const sizes: Array<number> = []
      yield* Effect.forkScoped(
        Stream.runForEach(journal.follow({ types: ["order"], after: 0, partition: 0 }), (batch) =>
          Effect.andThen(
            Effect.sync(() => {
              seen.push(...batch.map(({ data }) => data[0] ?? -1))
              sizes.push(batch.reduce((sum, { data }) => sum + data.length, 0))
            }),
            // Slow: more than one pull waits in memory.
            Effect.sleep("100 millis"),
          ),
        ),
      )
      yield* until(() => seen.length > 0)
      const consumers = admin(server, `CONSUMER.NAMES.${STREAM}`)
      const before = yield* consumers
      yield* until(() => seen.length >= COUNT)
      // A tail that pulled no more would be found silent, and read on by another consumer, seconds later.
      expect((yield* consumers)["consumers"]).toEqual(before["consumers"])
      expect(seen).toEqual(Array.from({ length: COUNT }, (_, index) => index))
      expect(Math.max(...sizes)).toBeLessThanOrEqual(JOURNAL_PAGE_BYTES_MAX)
    }),
  ))

it("one consumer serves a live tail for longer than the pulls that it began with", () =>
  run(
    Effect.gen(function* () {
      const count = 3 * JOURNAL_PAGE_RECORDS_MAX
      const server = yield* freshServer()
      const { journal } = yield* openJournal(server)
      let seenCount = 0
      yield* Effect.forkScoped(
        Stream.runForEach(journal.follow({ types: ["order"], after: 0, partition: 0 }), (batch) =>
          Effect.sync(() => {
            seenCount += batch.length
          }),
        ),
      )
      yield* journal.append(actor, 0, bytes("first"))
      yield* until(() => seenCount === 1)
      const consumers = admin(server, `CONSUMER.NAMES.${STREAM}`)
      const before = yield* consumers
      yield* Effect.forEach(
        Array.from({ length: count }, (_, index) => order(`b${index}`)),
        (other) => journal.append(other, 0, bytes("next")),
        { concurrency: 100, discard: true },
      )
      yield* until(() => seenCount > count)
      expect((yield* consumers)["consumers"]).toEqual(before["consumers"])
    }),
  ))

it("a mailbox hands out everything after pulls that ended at their size", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { mailbox } = yield* openMailbox(server)
      for (let index = 0; index < COUNT; index++) {
        yield* mailbox.publish({ address: actor, id: `m${index}`, data: large(index) })
      }
      const take = yield* receiver(mailbox, actor.shard)
      const info = admin(server, `CONSUMER.INFO.${MESSAGES_STREAM}.shard-${actor.shard}`)
      let created: unknown
      for (let index = 0; index < COUNT; index++) {
        const { data, ack } = yield* take
        expect(data[0]).toBe(index)
        yield* ack
        created ??= (yield* info)["created"]
      }
      expect(created).toEqual(expect.any(String))
      expect((yield* info)["created"]).toBe(created)
    }),
  ))
