/** The receiver of a shard: whatever is lost on the way, every message comes, and what may have come before is a repeat. */
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { jetStreamCode } from "../../../../infra/nats/connection/NatsErrors.ts"
import { receiveLane } from "../../../../infra/nats/mailbox/MailboxReceive.ts"
import { waitingSubjectsOf } from "../../../../infra/nats/mailbox/MailboxSubject.ts"
import { realDate } from "../../../fixtures/time/RealDate.ts"
import { api, apiError, delivered, type ServerReply, ServerScripted } from "../ServerScripted.ts"

const lane = {
  stream: "fault-messages",
  subjects: waitingSubjectsOf("fault.msg"),
  sequenceOf: (streamSequence: number) => streamSequence,
  hasPositions: true,
  isOptional: false,
}

/** The message of that sequence, as the consumer's delivery of that number, handed out for the `count`th time. */
const message = (streamSequence: number, consumerSequence: number, count = 1) =>
  delivered("fault.msg.0.order.a", { streamSequence, consumerSequence, count })

interface ConsumerSettings {
  readonly metadata: Readonly<Record<string, string>>
}

interface Found {
  readonly deliveredUpTo: number
  readonly handedOut?: string
}

/**
 * What a receiver hands out where each consumer that it makes brings its list and nothing more. `found` is the consumer
 * that an earlier receiver has left.
 */
const receive = async (consumers: ReadonlyArray<ReadonlyArray<ServerReply>>, found?: Found) => {
  const made: Array<ConsumerSettings> = []
  let metadata: object | undefined =
    found && (found.handedOut === undefined ? {} : { "everstate.handedOut": found.handedOut })
  let deliveredUpTo = found?.deliveredUpTo ?? 0
  let batch: ReadonlyArray<ServerReply> = []
  const info = () =>
    api({ config: { metadata }, delivered: { stream_seq: deliveredUpTo }, num_pending: 9, num_waiting: 0 })
  const server = new ServerScripted(({ subject, text }) => {
    if (subject.startsWith("$JS.API.CONSUMER.INFO.")) {
      return [metadata === undefined ? apiError(jetStreamCode.consumerNotFound) : info()]
    }
    if (subject.startsWith("$JS.API.CONSUMER.DELETE.")) return [api({ success: true })]
    if (subject.startsWith("$JS.API.CONSUMER.CREATE.")) {
      const { config } = JSON.parse(text) as { config: ConsumerSettings }
      batch = consumers[made.length] ?? []
      made.push(config)
      metadata = config.metadata
      deliveredUpTo = 0
      return [info()]
    }
    if (!subject.startsWith("$JS.API.CONSUMER.MSG.NEXT.")) return []
    const replies = batch
    batch = []
    for (const { data } of replies) deliveredUpTo = Math.max(deliveredUpTo, Number(data ?? 0))
    return replies
  })
  const seen: Array<readonly [number, boolean]> = []
  const program = Effect.gen(function* () {
    const connection = yield* server.connection
    const handing = Stream.runForEach(receiveLane({ connection, lane }, 0), ({ sequence, isRepeat }) =>
      Effect.sync(() => void seen.push([sequence, isRepeat])),
    )
    yield* Effect.forkScoped(handing)
    // Less than a silent consumer is given.
    yield* TestClock.adjust("3 seconds")
  })
  await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(realDate)))
  return { seen, made }
}

it("a message is handed out until it is acknowledged, however often that is", async () => {
  const { made } = await receive([[]])
  expect(made).toMatchObject([{ ack_policy: "explicit", deliver_policy: "all", max_deliver: -1 }])
})

it("what comes for the first time is no repeat", async () => {
  const { seen } = await receive([[message(1, 1), message(5, 2)]])
  expect(seen).toEqual([
    [1, false],
    [5, false],
  ])
})

it("what an earlier receiver was handed, or this one before, is a repeat", async () => {
  const left = [message(4, 1), message(5, 2), message(6, 3), message(7, 4, 2)]
  const { seen } = await receive([left], { deliveredUpTo: 5 })
  expect(seen).toEqual([
    [4, true],
    [5, true],
    [6, false],
    [7, true],
  ])
})

it("what a receiver before the earlier one was handed is a repeat, too, and stays one", async () => {
  const { seen, made } = await receive([[message(5, 1), message(6, 2)]], { deliveredUpTo: 2, handedOut: "5" })
  expect(seen).toEqual([
    [5, true],
    [6, false],
  ])
  expect(made.map(({ metadata }) => metadata["everstate.handedOut"])).toEqual(["5"])
})

it.each([
  ["the first delivery", [message(2, 2)]],
  ["one in the middle", [message(1, 1), message(3, 3)]],
])("where %s was lost all that is not acknowledged is handed out again, in order", async (_, lossy) => {
  const { seen, made } = await receive([lossy, [message(1, 1), message(2, 2), message(3, 3)]])
  expect(made).toHaveLength(2)
  expect(seen.slice(-3).map(([sequence]) => sequence)).toEqual([1, 2, 3])
  expect(seen.slice(0, -3)).toEqual(lossy.length === 1 ? [] : [[1, false]])
})
