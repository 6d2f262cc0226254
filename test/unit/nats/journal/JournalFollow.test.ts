/** The live tail: whatever is lost on the way, every record comes once and in order. */
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { followJournal } from "../../../../infra/nats/journal/JournalFollow.ts"
import type { JournalGuard } from "../../../../infra/nats/journal/JournalGuard.ts"
import { journalSubjectsOf } from "../../../../infra/nats/journal/JournalSubject.ts"
import { realDate } from "../../../fixtures/time/RealDate.ts"
import { api, delivered, type ServerReply, ServerScripted } from "../ServerScripted.ts"

const guard: Pick<JournalGuard, "verify" | "suspect"> = {
  verify: Effect.succeed(0),
  suspect: () => undefined,
}
const subjects = journalSubjectsOf("fault")

/** A delivery of the stream's record at `streamSequence`, as the consumer's delivery of that number. */
const record = (streamSequence: number, consumerSequence: number) =>
  delivered("fault.evt.0.order.a", { streamSequence, consumerSequence })

/** Each consumer that is made brings its list at the first pull, and nothing afterwards. */
const follow = async (after: number, consumers: ReadonlyArray<ReadonlyArray<ServerReply>>, count: number) => {
  const starts: Array<number> = []
  const seen: Array<number> = []
  let batch: ReadonlyArray<ServerReply> = []
  const server = new ServerScripted(({ subject, text }) => {
    if (subject.startsWith("$JS.API.CONSUMER.CREATE.")) {
      starts.push((JSON.parse(text) as { config: { opt_start_seq: number } }).config.opt_start_seq)
      batch = consumers[starts.length - 1] ?? []
      return [api({})]
    }
    const replies = subject.startsWith("$JS.API.CONSUMER.MSG.NEXT.") ? batch : []
    batch = []
    return replies
  })
  const program = Effect.gen(function* () {
    const context = { guard, stream: "s", partition: 0, partitionCount: 1, subjects } as const
    const connection = yield* server.connection
    const tail = followJournal(
      { ...context, connection, guard: guard as JournalGuard },
      { types: ["order"], after },
    )
    const sequences = tail.pipe(
      Stream.flatMap(Stream.fromIterable),
      Stream.map(({ sequence }) => sequence),
      Stream.take(count),
      Stream.runForEach((sequence) => Effect.sync(() => void seen.push(sequence))),
    )
    yield* Effect.forkScoped(sequences)
    yield* TestClock.adjust("1 minute")
  })
  await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(realDate)))
  return { sequences: seen, starts }
}

it("begins behind the sequence that it was given", async () => {
  expect(await follow(0, [[record(1, 1)]], 1)).toEqual({ sequences: [1], starts: [1] })
  expect(await follow(7, [[record(8, 1)]], 1)).toEqual({ sequences: [8], starts: [8] })
})

it("leaves out sequences of others without a doubt", async () => {
  const { sequences, starts } = await follow(0, [[record(2, 1), record(5, 2), record(9, 3)]], 3)
  expect({ sequences, starts }).toEqual({ sequences: [2, 5, 9], starts: [1] })
})

it.each([
  ["the first delivery", [record(2, 2)], 1, [record(1, 1), record(2, 2)]],
  ["one in the middle", [record(1, 1), record(3, 3)], 2, [record(2, 1), record(3, 2)]],
])("reads again from its last record on where %s was lost", async (_, lossy, start, whole) => {
  const { sequences, starts } = await follow(0, [lossy, whole], whole.length + start - 1)
  expect(starts).toEqual([1, start])
  expect(sequences).toEqual(Array.from({ length: whole.length + start - 1 }, (_, index) => index + 1))
})

it("doubts a consumer that hands a record out twice", async () => {
  const { sequences, starts } = await follow(0, [[record(1, 1), record(1, 2)], [record(2, 1)]], 2)
  expect({ sequences, starts }).toEqual({ sequences: [1, 2], starts: [1, 2] })
})

it("goes on behind its last record where the consumer is gone", async () => {
  const gone: ServerReply = { status: 409, headers: {} }
  const { sequences, starts } = await follow(
    0,
    [[record(1, 1), record(2, 2), gone], [gone], [record(3, 1)]],
    3,
  )
  expect({ sequences, starts }).toEqual({ sequences: [1, 2, 3], starts: [1, 3, 3] })
})
