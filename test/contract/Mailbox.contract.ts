/**
 * What every mailbox honours: the port's promises (runtime/mailbox/Mailbox.ts) as facts, run on each adapter. A new
 * adapter calls `mailboxContract` with a layer that is a fresh, empty mailbox each time.
 */
import { Clock, Effect, type Layer, Queue, References, type Scope, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { type ActorAddress, addressOf } from "../../runtime/address/ActorAddress.ts"
import {
  type Delivery,
  Mailbox,
  MailboxRefused,
  MESSAGES_PER_ACTOR_MAX,
  UNACKNOWLEDGED_MAX,
} from "../../runtime/mailbox/Mailbox.ts"

/** Shards that the contract's mailboxes are made with. */
export const CONTRACT_SHARD_COUNT = 8

export interface MailboxContractOptions {
  readonly name: string
  readonly makeLayer: () => Layer.Layer<Mailbox, unknown>
  /** The redelivery time of these mailboxes; facts that wait for it are left out where it is not given. */
  readonly redeliveryMs?: number
  /** The bound of these mailboxes, where it is not that of the port. */
  readonly messagesPerActorMax?: number
  /** Runs one fact, where that needs a world of its own. */
  readonly run?: (program: Effect.Effect<void, unknown>) => Promise<void>
}

/** Longest wait for a delivery, in milliseconds of the mailbox's clock. */
const DELIVERY_MS_MAX = 15_000

/** A schedule that must not fire first is so far away, in milliseconds: longer than any stall of the test. */
const AHEAD_MS = 1_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const order = (id: string): ActorAddress => addressOf("order", id, CONTRACT_SHARD_COUNT)

/** Two actors of one shard, and one of another. */
const here = order("a")
const beside = sameShardAs(here)
const elsewhere = otherShardThan(here)

function sameShardAs({ shard }: ActorAddress): ActorAddress {
  return candidates().find((address) => address.shard === shard) ?? here
}

function otherShardThan({ shard }: ActorAddress): ActorAddress {
  return candidates().find((address) => address.shard !== shard) ?? here
}

function candidates(): Array<ActorAddress> {
  return Array.from({ length: 1_000 }, (_, index) => order(`candidate-${index}`))
}

const numbered = (count: number, prefix = "m"): Array<string> =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

const publish = Effect.fnUntraced(function* (address: ActorAddress, id: string, text = id) {
  const mailbox = yield* Mailbox
  yield* mailbox.publish({ address, id, data: encoder.encode(text) })
})

const schedule = Effect.fnUntraced(function* (address: ActorAddress, slot: string, id: string, atMs: number) {
  const mailbox = yield* Mailbox
  yield* mailbox.schedule({ address, id, slot, atMs, data: encoder.encode(id) })
})

/** A receiver of a shard whose deliveries are taken one by one; it ends with the scope. */
const open = ({ shard }: ActorAddress): Effect.Effect<Receiver, never, Mailbox | Scope.Scope> =>
  Effect.gen(function* () {
    const mailbox = yield* Mailbox
    const deliveries = yield* Queue.unbounded<Delivery>()
    const feed = mailbox
      .receive(shard)
      .pipe(Stream.runForEach((delivery) => Queue.offer(deliveries, delivery)))
    yield* Effect.forkScoped(Effect.orDie(feed))
    const take = Queue.take(deliveries).pipe(Effect.timeout(DELIVERY_MS_MAX))
    return {
      take,
      takeMany: (count) => Effect.all(Array.from({ length: count }, () => take)),
      takeUntil: (text) =>
        Effect.gen(function* () {
          const taken: Array<Delivery> = []
          while (taken.length === 0 || textOf(taken.at(-1)) !== text) taken.push(yield* take)
          return taken
        }),
    }
  })

interface Receiver {
  readonly take: Effect.Effect<Delivery, unknown>
  readonly takeMany: (count: number) => Effect.Effect<ReadonlyArray<Delivery>, unknown>
  /** Everything up to the message with this text. */
  readonly takeUntil: (text: string) => Effect.Effect<ReadonlyArray<Delivery>, unknown>
}

/** Uses a receiver, and closes it. */
const receiving = <A, E, R>(
  address: ActorAddress,
  use: (receiver: Receiver) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Mailbox> => Effect.scoped(Effect.flatMap(open(address), use))

const textOf = (delivery: Delivery | undefined): string => decoder.decode(delivery?.data)
const textsOf = (deliveries: ReadonlyArray<Delivery>): Array<string> => deliveries.map(textOf)

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
    if (round === 5) expect(left).toEqual([])
  }
})

/** Runs the suite. */
export const mailboxContract = (options: MailboxContractOptions): void => {
  const { name, makeLayer, redeliveryMs } = options
  const messagesPerActorMax = options.messagesPerActorMax ?? MESSAGES_PER_ACTOR_MAX
  const run = options.run ?? Effect.runPromise
  const fact = (title: string, program: Effect.Effect<void, unknown, Mailbox | Scope.Scope>): void => {
    const quiet = Effect.provideService(References.MinimumLogLevel, "Error")
    it(title, () => run(quiet(Effect.scoped(Effect.provide(program, makeLayer())))))
  }
  const factOfRedelivery = redeliveryMs === undefined ? () => undefined : fact

  describe(`${name} mailbox`, () => {
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
          yield* Effect.retry(send(messagesPerActorMax), { times: 100 })
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
          yield* Effect.all([publish(here, "a", "again"), publish(here, "a", "again")], { concurrency: 2 })
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
          const thirdMs = (redeliveryMs ?? 0) / 3
          const receiver = yield* open(here)
          yield* publish(here, "slow")
          yield* publish(here, "forgotten")
          const [slow, forgotten] = yield* receiver.takeMany(2)
          expect(textsOf([slow, forgotten] as ReadonlyArray<Delivery>)).toEqual(["slow", "forgotten"])
          const extending = Effect.forever(Effect.andThen(slow?.extend ?? Effect.void, Effect.sleep(thirdMs)))
          const next = Effect.retry(receiver.take, { times: 10 })
          // Twice: the one that is not extended comes again and again, the other does not.
          const taken = yield* Effect.raceFirst(Effect.all([next, next]), extending)
          expect(textsOf(taken)).toEqual(["forgotten", "forgotten"])
        }),
      )
    })

    describe("schedule", () => {
      fact(
        "delivers at the time, never early",
        Effect.gen(function* () {
          const receiver = yield* open(here)
          const nowMs = yield* Clock.currentTimeMillis
          const due = { near: nowMs + 300, middle: nowMs + 600, far: nowMs + 900 }
          yield* schedule(here, "3", "far", due.far)
          yield* schedule(beside, "1", "near", due.near)
          yield* schedule(here, "2", "middle", due.middle)
          for (const [text, atMs] of Object.entries(due)) {
            const delivery = yield* receiver.take
            expect(textOf(delivery)).toBe(text)
            expect(yield* Clock.currentTimeMillis).toBeGreaterThanOrEqual(atMs)
            yield* delivery.ack
          }
        }),
      )

      fact(
        "FAULT 58: delivers at once what is due already",
        Effect.gen(function* () {
          const nowMs = yield* Clock.currentTimeMillis
          yield* schedule(here, "past", "past", nowMs - 3_600_000)
          yield* schedule(beside, "beginning", "beginning", 0)
          const receiver = yield* open(here)
          expect(textsOf(yield* receiver.takeMany(2)).sort()).toEqual(["beginning", "past"])
        }),
      )

      fact(
        "delivers what became due while nobody received",
        Effect.gen(function* () {
          const nowMs = yield* Clock.currentTimeMillis
          yield* schedule(here, "s", "due", nowMs + 200)
          yield* receiving(elsewhere, ({ take }) =>
            Effect.andThen(schedule(elsewhere, "s", "later", nowMs + 400), take),
          )
          const receiver = yield* open(here)
          expect(textOf(yield* receiver.take)).toBe("due")
        }),
      )

      fact(
        "keeps the last one of a slot, and the slots of actors apart",
        Effect.gen(function* () {
          const receiver = yield* open(here)
          const nowMs = yield* Clock.currentTimeMillis
          yield* schedule(here, "slot", "replaced", nowMs + AHEAD_MS)
          yield* schedule(beside, "slot", "other actor", nowMs + AHEAD_MS)
          yield* schedule(here, "slot", "newest", nowMs + 1.5 * AHEAD_MS)
          expect(textsOf(yield* receiver.takeUntil("newest"))).toEqual(["other actor", "newest"])
        }),
      )

      fact(
        "can be moved forward",
        Effect.gen(function* () {
          const receiver = yield* open(here)
          const nowMs = yield* Clock.currentTimeMillis
          yield* schedule(here, "slot", "in a day", nowMs + 86_400_000)
          yield* schedule(here, "slot", "soon", nowMs + 300)
          expect(textOf(yield* receiver.take)).toBe("soon")
        }),
      )

      fact(
        "delivers nothing from a slot that was emptied",
        Effect.gen(function* () {
          const mailbox = yield* Mailbox
          const receiver = yield* open(here)
          const nowMs = yield* Clock.currentTimeMillis
          yield* schedule(here, "slot", "emptied", nowMs + AHEAD_MS)
          yield* schedule(here, "other slot", "kept", nowMs + 1.5 * AHEAD_MS)
          yield* mailbox.unschedule(here, "slot")
          yield* mailbox.unschedule(here, "never used")
          expect(textOf(yield* receiver.take)).toBe("kept")
        }),
      )

      fact(
        "uses a slot again after it was emptied and after it fired",
        Effect.gen(function* () {
          const mailbox = yield* Mailbox
          const receiver = yield* open(here)
          for (const id of ["one", "two"]) {
            const nowMs = yield* Clock.currentTimeMillis
            yield* schedule(here, "slot", `${id} emptied`, nowMs + AHEAD_MS)
            yield* mailbox.unschedule(here, "slot")
            yield* schedule(here, "slot", id, nowMs + 200)
            const delivery = yield* receiver.take
            expect(textOf(delivery)).toBe(id)
            yield* delivery.ack
          }
        }),
      )

      fact(
        "FAULT 59: keeps what is due in centuries until then",
        Effect.gen(function* () {
          const receiver = yield* open(here)
          const nowMs = yield* Clock.currentTimeMillis
          yield* schedule(here, "2300", "2300", Date.UTC(2300, 0, 1))
          yield* schedule(here, "9999", "9999", Date.UTC(9999, 11, 31))
          yield* schedule(here, "soon", "soon", nowMs + 500)
          expect(textOf(yield* receiver.take)).toBe("soon")
        }),
      )
    })
  })
}
