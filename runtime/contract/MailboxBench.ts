/** What the facts of the mailbox's contract are written with: actors of known shards, sending, and receivers. */
import { Effect, Queue, Schedule, type Scope, Stream } from "effect"
import { type ActorAddress, addressOf } from "../address/ActorAddress.ts"
import { type Delivery, Mailbox, type MailboxError, type ReceiverGroup } from "../mailbox/Mailbox.ts"
import { CONTRACT_SHARD_COUNT } from "./ContractSuite.ts"

/** Longest wait for a delivery, in milliseconds of the mailbox's clock. */
const DELIVERY_MS_MAX = 60_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const order = (id: string): ActorAddress => addressOf("order", id, CONTRACT_SHARD_COUNT)

/** Two actors of one shard, and one of another. */
export const here = order("a")
export const beside = sameShardAs(here)
export const elsewhere = otherShardThan(here)

function sameShardAs({ shard }: ActorAddress): ActorAddress {
  return candidates().find((address) => address.shard === shard) ?? here
}

function otherShardThan({ shard }: ActorAddress): ActorAddress {
  return candidates().find((address) => address.shard !== shard) ?? here
}

function candidates(): Array<ActorAddress> {
  return Array.from({ length: 1_000 }, (_, index) => order(`candidate-${index}`))
}

export const numbered = (count: number, prefix = "m"): Array<string> =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

/** The mailbox has no leader at this moment, which a loaded cluster needs a while to elect: nothing was stored. */
const hasNoLeader = (error: MailboxError): boolean =>
  error._tag === "MailboxUnavailable" && error.reason === "NoResponders"

const whileItHasNoLeader = { while: hasNoLeader, schedule: Schedule.spaced(25), times: 4_000 } as const

/** Publishes as every sender does: again, under the same id, while there is no leader to take it. */
export const publish = Effect.fnUntraced(function* (address: ActorAddress, id: string, text = id) {
  const mailbox = yield* Mailbox
  return yield* Effect.retry(mailbox.publish({ address, id, data: encoder.encode(text) }), whileItHasNoLeader)
})

export const schedule = Effect.fnUntraced(function* (
  address: ActorAddress,
  slot: string,
  id: string,
  atMs: number,
) {
  const mailbox = yield* Mailbox
  const scheduled = mailbox.schedule({ address, id, slot, atMs, data: encoder.encode(id) })
  yield* Effect.retry(scheduled, whileItHasNoLeader)
})

/** A receiver of a shard whose deliveries are taken one by one; it ends with the scope. */
export const open = (
  { shard }: ActorAddress,
  only?: ReceiverGroup,
): Effect.Effect<Receiver, never, Mailbox | Scope.Scope> =>
  Effect.gen(function* () {
    const mailbox = yield* Mailbox
    const deliveries = yield* Queue.unbounded<Delivery>()
    const feed = mailbox
      .receive(shard, only)
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

export interface Receiver {
  readonly take: Effect.Effect<Delivery, unknown>
  readonly takeMany: (count: number) => Effect.Effect<ReadonlyArray<Delivery>, unknown>
  /** Everything up to the message with this text. */
  readonly takeUntil: (text: string) => Effect.Effect<ReadonlyArray<Delivery>, unknown>
}

/** Uses a receiver, and closes it. */
export const receiving = <A, E, R>(
  address: ActorAddress,
  use: (receiver: Receiver) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Mailbox> => Effect.scoped(Effect.flatMap(open(address), use))

export const textOf = (delivery: Delivery | undefined): string => decoder.decode(delivery?.data)
export const textsOf = (deliveries: ReadonlyArray<Delivery>): Array<string> => deliveries.map(textOf)
