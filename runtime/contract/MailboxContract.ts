/**
 * What every mailbox honours (runtime/mailbox/Mailbox.ts).
 */
import { Effect, type Layer, Schedule } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import {
  type Delivery,
  Mailbox,
  MailboxRefused,
  MESSAGES_PER_ACTOR_MAX,
  UNACKNOWLEDGED_MAX,
} from "../mailbox/Mailbox.ts"
import { type ContractRunner, type Fact, factOfPort, type PortContractOptions } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { backlogFacts } from "./MailboxBacklogFacts.ts"
import {
  beside,
  elsewhere,
  here,
  numbered,
  open,
  order,
  publish,
  receiving,
  textOf,
  textsOf,
} from "./MailboxBench.ts"
import { groupFacts } from "./MailboxGroupFacts.ts"
import { scheduleFacts } from "./MailboxScheduleFacts.ts"

/** Options of {@link mailboxContract}. */
export interface MailboxContractOptions extends Omit<PortContractOptions<Mailbox>, "layer"> {
  /**
   * The port on a fresh, empty mailbox of `CONTRACT_SHARD_COUNT` shards, for one fact. It has the port's redelivery
   * time unless another is given.
   */
  readonly layer: (redeliveryMs?: number) => Layer.Layer<Mailbox, unknown>
  /**
   * Redelivery time in facts that wait for a redelivery, and in those alone: a machine that is busy for that long would
   * make messages of the other facts come twice. The facts are left out where no time is given.
   */
  readonly redeliveryMs?: number
  /** The bound of these mailboxes, where it is not that of the port. */
  readonly messagesPerActorMax?: number
}

/** An acknowledgement is under way: the room that it makes is not there yet. */
const whileAcknowledging = { schedule: Schedule.spaced(25), times: 4_000 } as const

/** Messages that are handed out again before a fact gives up to see one of two come alone. */
const HANDED_OUT_AGAIN_MAX = 30

/** Opens receivers, one after the other, until one is handed nothing before the message that was sent last. */
const expectEmpty = Effect.fnUntraced(function* (address: ActorAddress) {
  for (let round = 0; ; round++) {
    yield* publish(address, `end ${round}`)
    const taken = yield* receiving(address, (receiver) =>
      Effect.tap(receiver.takeUntil(`end ${round}`), (deliveries) =>
        Effect.forEach(
          deliveries.filter((delivery) => textOf(delivery).startsWith("end")),
          ({ ack }) => ack,
        ),
      ),
    )
    const left = textsOf(taken).filter((text) => !text.startsWith("end"))
    if (left.length === 0) return
    // An acknowledgement may still be under way.
    if (round === 50) expect(left).toEqual([])
  }
})

/** Registers the contract of `Mailbox` with a test runner. */
export const mailboxContract = (runner: ContractRunner, options: MailboxContractOptions): void => {
  const { layer, redeliveryMs } = options
  const messagesPerActorMax = options.messagesPerActorMax ?? MESSAGES_PER_ACTOR_MAX
  const { describe } = runner
  const fact = factOfPort(runner, { ...options, layer: () => layer() })
  const factOfRedelivery: Fact<Mailbox> = (title, program) => {
    if (redeliveryMs === undefined) return
    factOfPort(runner, { ...options, layer: () => layer(redeliveryMs) })(title, program)
  }

  describe(`${options.name} mailbox`, () => {
    describe("publish and receive", () => {
      fact(
        "hands out what was published, in order, to the receiver of its shard alone",
        Effect.gen(function* () {
          const foreign = yield* open(elsewhere)
          const receiver = yield* open(here)
          for (const id of numbered(20)) yield* publish(Number(id.slice(1)) % 3 === 0 ? beside : here, id)
          yield* publish(elsewhere, "foreign")
          const taken = yield* receiver.takeMany(20)
          expect(textsOf(taken)).toEqual(numbered(20))
          expect(taken.map(({ key }) => key)).toEqual(
            numbered(20).map((_, index) => (index % 3 === 0 ? beside.key : here.key)),
          )
          const sequences = taken.map(({ sequence }) => sequence)
          expect(sequences).toEqual([...sequences].sort((left, right) => left - right))
          expect(taken.some(({ isRepeat }) => isRepeat)).toBe(false)
          expect(textOf(yield* foreign.take)).toBe("foreign")
        }),
      )

      fact(
        "keeps what nobody received yet",
        Effect.gen(function* () {
          for (const id of numbered(5)) yield* publish(here, id)
          const receiver = yield* open(here)
          expect(textsOf(yield* receiver.takeMany(5))).toEqual(numbered(5))
        }),
      )

      fact(
        "keeps arbitrary bytes, and actors apart whose ids have dots, wildcards, spaces and Unicode",
        Effect.gen(function* () {
          const mailbox = yield* Mailbox
          const all = Uint8Array.from({ length: 256 }, (_, index) => index)
          for (const id of ["a.b", "a b", "*", ">", "주문-42", "a/b", "a%2Eb", "€".repeat(80)]) {
            const address = order(id)
            yield* mailbox.publish({ address, id, data: all })
            const delivery = yield* receiving(address, ({ take }) => Effect.tap(take, ({ ack }) => ack))
            expect(delivery.key).toBe(address.key)
            expect([...delivery.data]).toEqual([...all])
          }
        }),
      )

      fact(
        "FAULT 36: refuses a message over its limit, and takes one at the limit",
        Effect.gen(function* () {
          const mailbox = yield* Mailbox
          const { messageBytesMax } = mailbox
          const message = (bytes: number) => ({ address: here, id: "large", data: new Uint8Array(bytes) })
          const refusals = yield* Effect.all([
            Effect.flip(mailbox.publish(message(messageBytesMax + 1))),
            Effect.flip(mailbox.schedule({ ...message(messageBytesMax + 1), slot: "s", atMs: 0 })),
          ])
          for (const refusal of refusals) {
            expect(refusal).toBeInstanceOf(MailboxRefused)
            expect(refusal.reason).toBe("TooLarge")
          }
          yield* mailbox.publish(message(messageBytesMax))
          const receiver = yield* open(here)
          expect((yield* receiver.take).data.length).toBe(messageBytesMax)
        }),
      )

      fact(
        "FAULT 64: refuses one message more than an actor may have, and takes it when there is room",
        Effect.gen(function* () {
          const send = (index: number) => publish(here, `f${index}`)
          yield* Effect.forEach(numbered(messagesPerActorMax), (_, index) => send(index), {
            concurrency: 200,
            discard: true,
          })
          const refusal = yield* Effect.flip(send(messagesPerActorMax))
          expect(refusal).toMatchObject({ _tag: "MailboxRefused", reason: "Full" })
          yield* publish(beside, "has room")
          yield* receiving(here, ({ take }) => Effect.flatMap(take, ({ ack }) => ack))
          yield* Effect.retry(send(messagesPerActorMax), whileAcknowledging)
        }),
      )

      fact(
        "FAULT 29: hands out a bounded number of unacknowledged messages, and the rest as they are acknowledged",
        Effect.gen(function* () {
          const count = 2 * UNACKNOWLEDGED_MAX + 10
          yield* Effect.forEach(numbered(count), (id) => publish(here, id), {
            concurrency: 50,
            discard: true,
          })
          const receiver = yield* open(here)
          let unacknowledgedCount = 0
          const seen = new Set<string>()
          while (seen.size < count) {
            const delivery = yield* receiver.take
            seen.add(textOf(delivery))
            unacknowledgedCount++
            if (unacknowledgedCount === UNACKNOWLEDGED_MAX) {
              const further = yield* Effect.option(receiver.take.pipe(Effect.timeout(200)))
              expect(further._tag).toBe("None")
            }
            if (unacknowledgedCount >= UNACKNOWLEDGED_MAX) yield* delivery.ack
          }
        }),
      )
    })

    describe("ids", () => {
      fact(
        "FAULT 3: stores a message that is sent again once",
        Effect.gen(function* () {
          yield* publish(here, "a")
          yield* Effect.all([publish(here, "a"), publish(here, "a")], { concurrency: 2 })
          yield* publish(here, "b")
          const receiver = yield* open(here)
          expect(textsOf(yield* receiver.takeUntil("b"))).toEqual(["a", "b"])
        }),
      )

      fact(
        "stores nothing twice after it was acknowledged either",
        Effect.gen(function* () {
          const receiver = yield* open(here)
          yield* publish(here, "a")
          yield* (yield* receiver.take).ack
          yield* publish(here, "a")
          yield* publish(here, "b")
          expect(textOf(yield* receiver.take)).toBe("b")
        }),
      )

      fact(
        "FAULT 6: stores the same id for two actors",
        Effect.gen(function* () {
          yield* publish(here, "same", "to here")
          yield* publish(beside, "same", "to beside")
          const receiver = yield* open(here)
          expect(textsOf(yield* receiver.takeMany(2))).toEqual(["to here", "to beside"])
        }),
      )
    })

    describe("positions", () => {
      fact(
        "say which messages of a shard are acknowledged, and stay below the end",
        Effect.gen(function* () {
          const mailbox = yield* Mailbox
          const first = (yield* publish(here, "a")) ?? 0
          const second = (yield* publish(here, "b")) ?? 0
          const other = (yield* publish(elsewhere, "c")) ?? 0
          expect([first > 0, second > first, other > second]).toEqual([true, true, true])
          const { mailboxId } = yield* mailbox.acknowledged(here.shard)
          expect(typeof mailboxId).toBe("string")
          expect(yield* mailbox.acknowledged(here.shard)).toEqual({ first, last: other, mailboxId })
          const receiver = yield* open(here)
          const [one, two] = yield* receiver.takeMany(2)
          if (two !== undefined) yield* two.ack
          expect((yield* mailbox.acknowledged(here.shard)).first).toBe(first)
          if (one !== undefined) yield* one.ack
          const isEmpty = Effect.map(mailbox.acknowledged(here.shard), (found) => found.first === undefined)
          yield* Effect.repeat(isEmpty, { until: (empty) => empty, schedule: Schedule.spaced("5 millis") })
          expect(yield* mailbox.acknowledged(here.shard)).toEqual({
            first: undefined,
            last: other,
            mailboxId,
          })
          expect(yield* mailbox.acknowledged(elsewhere.shard)).toEqual({
            first: other,
            last: other,
            mailboxId,
          })
        }),
      )

      fact(
        "lead to their messages as long as these wait",
        Effect.gen(function* () {
          const mailbox = yield* Mailbox
          const position = (yield* publish(here, "a")) ?? 0
          const found = yield* mailbox.messageAt(position)
          expect([found?.key, new TextDecoder().decode(found?.data)]).toEqual([here.key, "a"])
          expect(yield* mailbox.messageAt(position + 1)).toBeUndefined()
          const receiver = yield* open(here)
          yield* (yield* receiver.take).ack
          const isGone = Effect.map(mailbox.messageAt(position), (left) => left === undefined)
          yield* Effect.repeat(isGone, { until: (gone) => gone, schedule: Schedule.spaced("5 millis") })
        }),
      )

      fact(
        "of a message that is sent again is that of the first",
        Effect.gen(function* () {
          const first = yield* publish(here, "a")
          yield* publish(here, "b")
          expect(yield* publish(here, "a")).toBe(first)
        }),
      )
    })

    describe("acknowledgement", () => {
      fact(
        "removes what was acknowledged for good",
        Effect.gen(function* () {
          yield* receiving(here, (receiver) =>
            Effect.gen(function* () {
              for (const id of numbered(3)) yield* publish(here, id)
              for (const { ack } of yield* receiver.takeMany(3)) yield* ack
            }),
          )
          yield* expectEmpty(here)
        }),
      )

      fact(
        "FAULT 28, FAULT 29: hands what was not acknowledged to the next receiver at once, first and in order, as repeats",
        Effect.gen(function* () {
          yield* receiving(here, (receiver) =>
            Effect.gen(function* () {
              for (const id of numbered(6)) yield* publish(here, id)
              const taken = yield* receiver.takeMany(6)
              for (const index of [1, 4]) yield* taken[index]?.ack ?? Effect.void
            }),
          )
          yield* publish(here, "new")
          const receiver = yield* open(here)
          const taken = yield* receiver.takeUntil("new")
          // An acknowledgement that is overtaken by the next receiver is lost, and harmless.
          const unacknowledged = taken.filter((delivery) => !["m1", "m4"].includes(textOf(delivery)))
          expect(textsOf(unacknowledged)).toEqual(["m0", "m2", "m3", "m5", "new"])
          expect(taken.slice(0, -1).every(({ isRepeat }) => isRepeat)).toBe(true)
        }),
      )

      fact(
        "FAULT 8: takes the acknowledgement of an earlier receiver without losing anything else",
        Effect.gen(function* () {
          yield* publish(here, "a")
          yield* publish(here, "b")
          const early = yield* receiving(here, (receiver) => receiver.takeMany(2))
          const receiver = yield* open(here)
          yield* early[0]?.ack ?? Effect.void
          expect(textsOf(yield* receiver.takeUntil("b")).at(-1)).toBe("b")
        }),
      )

      factOfRedelivery(
        "hands out again what was not acknowledged in time",
        Effect.gen(function* () {
          const receiver = yield* open(here)
          yield* publish(here, "a")
          const first = yield* receiver.take
          const again = yield* Effect.retry(receiver.take, { times: 10 })
          expect([textOf(first), first.isRepeat]).toEqual(["a", false])
          expect([textOf(again), again.isRepeat, again.sequence]).toEqual(["a", true, first.sequence])
        }),
      )

      factOfRedelivery(
        "FAULT 31: does not hand out again what is extended",
        Effect.gen(function* () {
          const oftenMs = (redeliveryMs ?? 0) / 8
          yield* publish(here, "slow")
          yield* publish(here, "forgotten")
          const receiver = yield* open(here)
          const [slow, forgotten] = yield* receiver.takeMany(2)
          expect(textsOf([slow, forgotten] as ReadonlyArray<Delivery>)).toEqual(["slow", "forgotten"])
          const extending = Effect.forever(Effect.andThen(slow?.extend ?? Effect.void, Effect.sleep(oftenMs)))
          const next = Effect.map(Effect.retry(receiver.take, { times: 10 }), textOf)
          // Both come again at nearly the same times unless one is extended. A busy machine may extend it too late once.
          const untilAlone = Effect.gen(function* () {
            for (let alone = 0, taken = 0; alone < 3; taken++) {
              alone = (yield* next) === "forgotten" ? alone + 1 : 0
              expect(taken, "messages handed out again").toBeLessThan(HANDED_OUT_AGAIN_MAX)
            }
          })
          yield* Effect.raceFirst(untilAlone, extending)
        }),
      )
    })

    scheduleFacts({ describe, fact })
    backlogFacts({ describe, fact })
    groupFacts({ describe, fact })
  })
}
