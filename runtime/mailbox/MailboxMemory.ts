/**
 * The mailbox in memory, for unit tests: it keeps the contract of the real mailbox, but nothing is durable.
 *
 * It uses the clock of the caller, so a test clock drives schedules and redelivery. Content and order:
 * MailboxContents.ts. Next: test/contract/Mailbox.contract.ts.
 */
import { Clock, Effect, Latch, Layer, Stream } from "effect"
import {
  type Delivery,
  Mailbox,
  MailboxRefused,
  type MailboxService,
  type OutboundMessage,
  type ReceiverGroup,
} from "./Mailbox.ts"
import {
  isOfTypes,
  type KeptMessage,
  type MailboxBounds,
  MailboxContents,
  positionOf,
} from "./MailboxContents.ts"

/** The mailbox in memory, whose content tests can read. */
export interface MailboxMemory extends MailboxService {
  readonly contents: MailboxContents
}

/** An empty mailbox. */
export const makeMailboxMemory = (bounds: MailboxBounds = {}): MailboxMemory => {
  const contents = new MailboxContents(bounds)
  /** Latches of the receivers that wait for a change in a shard. */
  const waiting = new Map<number, Set<Latch.Latch>>()
  const changed = (shard: number) =>
    Effect.sync(() => {
      for (const latch of waiting.get(shard) ?? []) latch.openUnsafe()
    })

  const change = <A>(shard: number, work: (nowMs: number) => MailboxRefused | A) =>
    Effect.flatMap(Clock.currentTimeMillis, (nowMs) => {
      const done = work(nowMs)
      return done instanceof MailboxRefused ? Effect.fail(done) : Effect.as(changed(shard), done)
    })

  const deliver = (kept: KeptMessage): Delivery => ({
    key: kept.key,
    sequence: kept.sequence,
    data: kept.data,
    storedAtMs: kept.storedAtMs,
    ...positionOf(kept),
    isRepeat: kept.handedOutCount > 1,
    ack: Effect.suspend(() => {
      contents.acknowledge(kept.sequence)
      return changed(kept.shard)
    }),
    extend: Effect.map(Clock.currentTimeMillis, (nowMs) => contents.extend(kept.sequence, nowMs)),
  })

  const receive = (shard: number, only?: ReceiverGroup): Stream.Stream<Delivery> =>
    Stream.suspend(() => {
      const isWanted = only && isOfTypes(only.types)
      contents.restart(shard, only && isOfTypes([...only.types, ...(only.leftOut ?? [])]))
      const change = Latch.makeUnsafe(false)
      const own = waiting.get(shard) ?? new Set()
      waiting.set(shard, own.add(change))
      const take = Effect.gen(function* () {
        while (true) {
          const nowMs = yield* Clock.currentTimeMillis
          const taken = contents.take(shard, nowMs, undefined, isWanted)
          if (taken.length > 0) return taken.map(deliver)
          change.closeUnsafe()
          const nextMs = contents.nextMs(shard)
          yield* nextMs === undefined
            ? change.await
            : Effect.race(change.await, Effect.sleep(Math.max(0, nextMs - nowMs)))
        }
      })
      return Stream.ensuring(
        Stream.fromIterableEffectRepeat(take),
        Effect.sync(() => own.delete(change)),
      )
    })

  return {
    contents,
    messageBytesMax: contents.messageBytesMax,
    publish: (message: OutboundMessage) =>
      change(message.address.shard, (nowMs) => contents.publish(message, nowMs)),
    acknowledged: (shard) =>
      Effect.map(Clock.currentTimeMillis, (nowMs) => contents.acknowledged(shard, nowMs)),
    messageAt: (position) => Effect.sync(() => contents.messageAt(position)),
    schedule: (message) => change(message.address.shard, (nowMs) => contents.schedule(message, nowMs)),
    unschedule: (address, slot) =>
      change(address.shard, (nowMs) => {
        contents.unschedule(address, slot, nowMs)
        return undefined
      }),
    receive,
    placeSentinel: (_, name) => Effect.sync(() => void contents.sentinels.add(name)),
    removeSentinel: (_, name) => Effect.sync(() => void contents.sentinels.delete(name)),
    sentinels: Effect.sync(() => new Set(contents.sentinels)),
    messageSentinels: {
      place: (name) => Effect.sync(() => void contents.messageSentinels.add(name)),
      remove: (name) => Effect.sync(() => void contents.messageSentinels.delete(name)),
      names: Effect.sync(() => new Set(contents.messageSentinels)),
    },
    backlog: Effect.map(Clock.currentTimeMillis, (nowMs) => contents.backlog(nowMs)),
  }
}

export const MailboxMemory = {
  /** An empty mailbox. */
  layer: (bounds: MailboxBounds = {}): Layer.Layer<Mailbox> =>
    Layer.sync(Mailbox, () => makeMailboxMemory(bounds)),
}
