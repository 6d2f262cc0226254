/**
 * Mailboxes on real servers for one test, each on a connection of its own, and receivers whose deliveries are kept.
 *
 * The servers are NatsFixture.ts's.
 */
import { Context, Effect, Layer, Queue, type Scope, Stream } from "effect"
import {
  NatsConnection,
  type NatsConnectionOptions,
  type NatsConnectionService,
} from "../../../infra/nats/connection/NatsConnection.ts"
import { MailboxNats, type MailboxNatsOptions } from "../../../infra/nats/mailbox/MailboxNats.ts"
import { mailboxStreamNames } from "../../../infra/nats/mailbox/MailboxStream.ts"
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"
import {
  type Delivery,
  Mailbox,
  type MailboxService,
  type ReceiverGroup,
} from "../../../runtime/mailbox/Mailbox.ts"
import { bytes, eventually, NAMESPACE, SHARD_COUNT, text } from "./NatsFixture.ts"

export const { messages: MESSAGES_STREAM, timers: TIMERS_STREAM } = mailboxStreamNames(NAMESPACE)

export interface OpenMailbox {
  readonly mailbox: MailboxService
  readonly connection: NatsConnectionService
}

/** A mailbox of the scope, as one process of a service would have it. Failures are the layer's. */
export const openMailbox = (
  server: { readonly url: string },
  options: Partial<MailboxNatsOptions> & { readonly connect?: Partial<NatsConnectionOptions> } = {},
) =>
  Effect.gen(function* () {
    const { connect, ...mailboxOptions } = options
    const layer = MailboxNats.layer({ namespace: NAMESPACE, shards: SHARD_COUNT, ...mailboxOptions }).pipe(
      Layer.provideMerge(NatsConnection.layer({ servers: server.url, ...connect })),
    )
    const context = yield* Layer.build(layer)
    const open: OpenMailbox = {
      mailbox: Context.get(context, Mailbox),
      connection: Context.get(context, NatsConnection),
    }
    return open
  })

export const send = ({ publish }: MailboxService, address: ActorAddress, id: string) =>
  publish({ address, id, data: bytes(id) })

/** Deliveries of a shard, one by one, until the scope ends. */
export const receiver = (
  { receive }: MailboxService,
  shard: number,
  only?: ReceiverGroup,
): Effect.Effect<Effect.Effect<Delivery>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const deliveries = yield* Queue.unbounded<Delivery>()
    const feed = Stream.runForEach(receive(shard, only), (delivery) => Queue.offer(deliveries, delivery))
    yield* Effect.forkScoped(Effect.orDie(feed))
    return Queue.take(deliveries)
  })

export const takeMany = (take: Effect.Effect<Delivery>, count: number) =>
  Effect.all(Array.from({ length: count }, () => take))

export const textsOf = (deliveries: ReadonlyArray<Delivery>): Array<string> =>
  deliveries.map(({ data }) => text(data))

/** Waits until `isTrue`. */
export const until = (isTrue: () => boolean) =>
  eventually(Effect.suspend(() => (isTrue() ? Effect.void : Effect.fail("not yet"))))
