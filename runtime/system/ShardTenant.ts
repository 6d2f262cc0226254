/**
 * What a node does with a shard while it has it: answers asks, receives messages, sends outboxes.
 *
 * Owns the order of beginning and ending. A shard that is handed over has nothing in work any more, and everything that
 * its commits carry is sent; one that was lost is released at once, and the journal sorts out the rest.
 */
import { Effect, Exit, Scope } from "effect"
import { addressFromKey } from "../address/ActorAddress.ts"
import type { CallRunner } from "../call/CallRunner.ts"
import type { Cells } from "../cell/Cells.ts"
import type { Ownership } from "../cluster/Ownership.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import type { Tenant } from "../cluster/Tenant.ts"
import type { Inbox } from "../inbox/Inbox.ts"
import type { JournalService } from "../journal/Journal.ts"
import type { Outbox } from "../outbox/Outbox.ts"
import { serveWhenPossible } from "../transport/ServeWhenPossible.ts"
import type { TransportService } from "../transport/Transport.ts"
import type { ChangeFeeds } from "../watch/ChangeFeeds.ts"
import { epochInJournal } from "./JournalEpoch.ts"
import type { WarmUp } from "./WarmUp.ts"

/** How long a shard that is handed over waits for snapshots, in milliseconds, and which part of its time that is at most. */
const SNAPSHOTS_MS_MAX = 200
const SNAPSHOTS_PART = 0.25

export interface ShardTenantOptions {
  readonly shardMap: ShardMap
  readonly ownership: Ownership
  readonly cells: Cells
  readonly feeds: Pick<ChangeFeeds, "release">
  readonly calls: CallRunner
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly warmUp: WarmUp
  readonly transport: TransportService
  readonly journal: JournalService
  /** Time that a shard gets to be handed over, in milliseconds. */
  readonly handoffMs: number
  /** Takes requests of other nodes to the owner of a shard. */
  readonly answer: (shardIndex: number) => Parameters<TransportService["serve"]>[1]
}

/** Tenants of all shards, by slot. */
export const shardTenants = (options: ShardTenantOptions): ReadonlyMap<string, Tenant> =>
  new Map(options.shardMap.all.map(({ slot }, shardIndex) => [slot, shardTenant(options, shardIndex)]))

const shardTenant = (options: ShardTenantOptions, shardIndex: number): Tenant => {
  const { shardMap, ownership, cells, feeds, calls, inbox, outbox, warmUp, transport, handoffMs, answer } =
    options
  const { slot = "", askSubject = "", shard = 0 } = shardMap.all[shardIndex] ?? {}
  let serving: Scope.Closeable | undefined

  const serve = Effect.gen(function* () {
    serving = yield* Scope.make()
    yield* Scope.provide(serveWhenPossible(transport, askSubject, answer(shardIndex)), serving)
  })

  const stopServing = Effect.suspend(() => {
    const scope = serving
    serving = undefined
    return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
  })

  /** The next owner starts from what its actors are now. Where the store takes its time, it replays more. */
  const saved = cells.snapshotWriter.flushWithin(Math.min(SNAPSHOTS_MS_MAX, handoffMs * SNAPSHOTS_PART))

  const isHere = (key: string): boolean => {
    const { type, shard } = addressFromKey(key, shardMap.shardCount)
    return shardMap.indexOf(type, shard) === shardIndex
  }

  const release = Effect.gen(function* () {
    ownership.close(shardIndex)
    yield* stopServing
    yield* inbox.close(shardIndex)
    yield* Effect.sync(() => calls.release(isHere))
  })

  /** The shard is the next owner's: watchers look for it. */
  const releaseWatchers = Effect.sync(() => feeds.release(shardIndex))

  return {
    epochSeen: Effect.mapError(epochInJournal(options.journal, shard), ({ message }) => message),
    open: (epoch) =>
      Effect.gen(function* () {
        yield* outbox.open(shardIndex, epoch)
        ownership.open(shardIndex, epoch)
        yield* serve
        yield* inbox.open(shardIndex)
        warmUp.opened(slot)
      }),
    close: Effect.gen(function* () {
      yield* release
      warmUp.closed(slot, yield* cells.drainShard(shardIndex))
      yield* releaseWatchers
      yield* inbox.release(shardIndex)
      yield* Effect.all([saved, outbox.close(shardIndex)], { concurrency: "unbounded", discard: true })
      ownership.forget(shardIndex)
    }),
    handedOver: (memberId) => warmUp.tell(memberId, slot),
    drop: Effect.gen(function* () {
      ownership.forget(shardIndex)
      yield* release
      yield* releaseWatchers
      warmUp.closed(slot, [])
      cells.releaseShard(shardIndex)
      inbox.forget(shardIndex)
      outbox.drop(shardIndex)
    }),
  }
}
