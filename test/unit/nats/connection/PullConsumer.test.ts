/** Pulls: how much is asked for, when it is asked for again, and when the consumer is doubted. */
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { type PullSource, pullFrom } from "../../../../infra/nats/connection/PullConsumer.ts"
import { realDate } from "../../../fixtures/time/RealDate.ts"
import { delivered, type ServerReply, ServerScripted } from "../ServerScripted.ts"

const BATCH = 4
const PULL = "$JS.API.CONSUMER.MSG.NEXT.s."

/** A consumer whose answer to each pull is the next of the list, and nothing after the last one. */
const pulling = (
  answers: ReadonlyArray<ReadonlyArray<ServerReply>>,
  program: (given: {
    readonly take: Effect.Effect<ReadonlyArray<number>>
    readonly server: ServerScripted
    /** Consumers made so far. */
    readonly attached: () => number
  }) => Effect.Effect<void, unknown, Scope.Scope>,
): Promise<void> => {
  let pullCount = 0
  let attachedCount = 0
  const server = new ServerScripted(({ subject }) =>
    subject.startsWith(PULL) ? (answers[pullCount++] ?? []) : [],
  )
  const source: PullSource<{ readonly data: Uint8Array; readonly at: number }, never> = {
    stream: "s",
    name: "scripted",
    batchCountMax: BATCH,
    attach: Effect.sync(() => `c${++attachedCount}`),
    read: ({ data }, { streamSequence }) => ({ data, at: streamSequence }),
    denied: () => undefined as never,
  }
  return Effect.gen(function* () {
    const { takeBatch } = yield* pullFrom(yield* server.connection, source)
    const take = Effect.map(takeBatch, (batch) => batch.map(({ at }) => at))
    yield* program({ take, server, attached: () => attachedCount })
  }).pipe(Effect.scoped, Effect.provide(realDate), Effect.runPromise)
}

const messages = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) =>
    delivered("subject", { streamSequence: first + index, consumerSequence: first + index }),
  )
/** The server ends a pull that has so many messages still to bring. */
const ended = (pendingCount: number, description = "Batch Completed"): ServerReply => ({
  status: 409,
  description,
  headers: { "Nats-Pending-Messages": pendingCount, "Nats-Pending-Bytes": 0 },
})

/** Takes until so many messages are here, and moves the clock by a minute meanwhile. */
const takeAll = (take: Effect.Effect<ReadonlyArray<number>>, count: number) =>
  Effect.gen(function* () {
    const seen: Array<number> = []
    const taking = Effect.gen(function* () {
      while (seen.length < count) seen.push(...(yield* take))
    })
    yield* Effect.forkScoped(taking)
    yield* TestClock.adjust("1 minute")
    return seen
  })

it("what pulls that ended did not bring is asked for again, of the same consumer", () => {
  const cut = (sequence: number) => [
    ...messages(sequence, sequence),
    ended(BATCH - 1, "Message Size Exceeds MaxBytes"),
  ]
  const expired: ServerReply = { ...ended(BATCH), status: 408 }
  const pulls = [cut(1), cut(2), cut(3), [expired], [expired], [expired], messages(4, 7)]
  return pulling(pulls, ({ take, attached }) =>
    Effect.gen(function* () {
      expect(yield* takeAll(take, 7)).toEqual([1, 2, 3, 4, 5, 6, 7])
      expect(attached()).toBe(1)
    }),
  )
})

it("two batches are the most that is asked for and not taken", () =>
  pulling([messages(1, 4), messages(5, 8), messages(9, 12)], ({ take, server }) =>
    Effect.gen(function* () {
      expect(yield* take).toEqual([1, 2, 3, 4])
      yield* TestClock.adjust("1 second")
      expect(server.below(PULL)).toHaveLength(2)
      expect(yield* take).toEqual([5, 6, 7, 8])
      yield* TestClock.adjust("1 second")
      expect(server.below(PULL)).toHaveLength(3)
    }),
  ))

it("a consumer that is silent is left for another one", () =>
  pulling([messages(1, 1), [], messages(2, 2)], ({ take, attached }) =>
    Effect.gen(function* () {
      expect(yield* takeAll(take, 1)).toEqual([1])
      expect(attached()).toBe(1)
      expect(yield* takeAll(take, 1)).toEqual([2])
      expect(attached()).toBe(2)
    }),
  ))

/** The server is there, and has handed out so many messages. */
const heartbeat = (deliveredCount: number): ServerReply => ({
  status: 100,
  description: "Idle Heartbeat",
  headers: { "Nats-Last-Consumer": deliveredCount, "Nats-Last-Stream": deliveredCount },
})

it("an idle consumer is kept while it says that it is there", () =>
  pulling([messages(1, 1)], ({ take, server, attached }) =>
    Effect.gen(function* () {
      expect(yield* take).toEqual([1])
      yield* Effect.forkChild(take)
      for (let round = 0; round < 10; round++) {
        yield* TestClock.adjust("2 seconds")
        server.deliver(server.inboxes.at(0) ?? "", heartbeat(1))
      }
      expect(attached()).toBe(1)
    }),
  ))

it("a consumer that has handed out more than came is left at once", () =>
  pulling([messages(1, 1)], ({ take, server, attached }) =>
    Effect.gen(function* () {
      expect(yield* take).toEqual([1])
      yield* Effect.forkChild(take)
      yield* TestClock.adjust("1 second")
      server.deliver(server.inboxes.at(0) ?? "", heartbeat(2))
      yield* TestClock.adjust("1 second")
      expect(attached()).toBe(2)
    }),
  ))
