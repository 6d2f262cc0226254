/**
 * Sends what commits carry: the node that wrote a commit sends right after it; after a crash or a move the
 * next owner of the shard sends from the journal. The journal is the outbox: an item is finished when its
 * effect is in the receiver's journal.
 *
 * Owns the shards: which ones this node has, and how a shard begins and ends. The state of a shard:
 * ShardOutbox.ts. Reports of cells: CommitIntake.ts. How items leave: Sending.ts. What is read: Reading.ts,
 * and when: OutboxSweep.ts.
 */
import { Clock, Effect, FiberSet, Random, type Scope } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitListener } from "../cell/CommitListener.ts"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import { ERA_MIN, type ShardMark } from "../commit/Commit.ts"
import { DeadLetters } from "../deadletter/DeadLetters.ts"
import { EventPublisher } from "../integration/EventPublisher.ts"
import { Journal } from "../journal/Journal.ts"
import { makeShardPages } from "../journal/ShardPages.ts"
import type { Deliver } from "../mailbox/Deliver.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { CommitIntake } from "./CommitIntake.ts"
import { type DispatchPorts, dispatchItem } from "./Dispatcher.ts"
import type { OwedItem } from "./Exceptions.ts"
import { makeLostTimers } from "./LostTimers.ts"
import { OutboxSweep } from "./OutboxSweep.ts"
import { makeParkedMail } from "./ParkedMail.ts"
import { makeReading } from "./Reading.ts"
import { makeSending, type OutboxCounts } from "./Sending.ts"
import { ShardOutbox } from "./ShardOutbox.ts"
import { TimerCauses } from "./TimerCauses.ts"

export interface Outbox extends CommitListener {
  /** This node now has the shard. Sends what the former owner left, and what it may still write. */
  readonly open: (shardIndex: number, epoch: number) => Effect.Effect<void>
  /** Sends what waits of the shard and saves its progress. */
  readonly close: (shardIndex: number) => Effect.Effect<void>
  /** Another node has the shard. */
  readonly drop: (shardIndex: number) => void
  /** Mark that commits of the shard carry; `undefined` if this node does not have the shard. */
  readonly markOf: (shardIndex: number) => ShardMark | undefined
  /** Number of items that are being sent, without those that wait separately. */
  readonly pendingCount: () => number
  /** Messages in the mailbox that their receivers have not taken yet. */
  readonly waitingInMailboxCount: () => number
  /** Items that could not be sent yet. */
  readonly owed: () => ReadonlyArray<OwedItem>
  readonly counts: OutboxCounts
}

export interface OutboxOptions {
  readonly namespace: string
  readonly shardMap: ShardMap
  /** Lease time. An append of a former owner may be stored for twice this time after its lease has ended. */
  readonly leaseMs: number
  /** Delivers a message directly to its receiver. */
  readonly deliver: Deliver
  /** Whether every member takes direct messages. */
  readonly isDirect: () => boolean
  /** Listener for aborted calls. */
  readonly aborted: (address: ActorAddress, name: string) => void
  /** A shard of this node has a commit with a higher epoch: another node wrote it. */
  readonly overtaken: (shardIndex: number) => void
}

type Ports = Journal | Mailbox | Checkpoints | DeadLetters | EventPublisher

export const makeOutbox = Effect.fnUntraced(function* (
  options: OutboxOptions,
): Effect.fn.Return<Outbox, never, Ports | Scope.Scope> {
  const { shardMap, leaseMs, deliver, isDirect, aborted, overtaken } = options
  const { shardCount } = shardMap
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const journal = yield* Journal
  const checkpoints = yield* Checkpoints
  const mailbox = yield* Mailbox
  const ports: DispatchPorts = {
    mailbox,
    publisher: yield* EventPublisher,
    deadLetters: yield* DeadLetters,
    namespace: options.namespace,
    shardCount,
  }
  const fork = yield* FiberSet.makeRuntime<never>()
  const shards = new Map<number, ShardOutbox>()
  const nowMs = () => monotonicMs(clock)
  const drawEra = (): number => ERA_MIN + Math.floor(random.nextDoubleUnsafe() * ERA_MIN)
  const wake = () => sweep.wake()

  const pages = yield* makeShardPages(journal, shardCount)
  const lostTimers = yield* makeLostTimers(
    shardMap,
    (item) => Effect.asVoid(dispatchItem(ports, item)),
    pages,
    (shardIndex) => shards.get(shardIndex)?.placedUpTo,
  )
  const sending = yield* makeSending({
    ports,
    deliver,
    isDirect,
    scheduled: ({ shardIndex }, sequence) => lostTimers.scheduled(shardIndex, sequence),
    parked: () => {
      parkedMail.parked()
      wake()
    },
  })
  const reading = makeReading({
    journal,
    pages,
    checkpoints,
    sending,
    shardCount,
    leaseMs,
    nowMs,
    overtaken,
  })
  const parkedMail = yield* makeParkedMail({ mailbox, shards, parkAgain: reading.parkAgain, nowMs })
  const sweep = new OutboxSweep({ shards, journal, checkpoints, reading, parkedMail, nowMs })
  const intake = new CommitIntake({
    shardMap,
    shards,
    sending,
    reading,
    lostTimers,
    timerCauses: new TimerCauses(journal),
    fork,
    clock,
    leaseMs,
    nowMs,
    aborted,
    wake,
  })
  yield* Effect.forkScoped(sweep.sweeping)

  /** Another node has the shard from now on. */
  const release = (shard: ShardOutbox): void => {
    shards.delete(shard.shardIndex)
    parkedMail.release(shard)
    sending.close(shard)
  }

  return {
    appending: intake.appending,
    over: intake.over,
    unresolved: intake.unresolved,
    abandoned: intake.abandoned,
    committed: intake.committed,
    found: intake.found,
    activated: intake.activated,
    open: (shardIndex, epoch) =>
      Effect.sync(() => {
        const { shard, slot, group } = shardMap.all[shardIndex] as ShardEntry
        const types = new Set(group.types)
        const opened = new ShardOutbox({ shardIndex, shard, slot, epoch, era: drawEra(), types })
        shards.set(shardIndex, opened)
        sending.open(opened)
        parkedMail.opened(opened)
        wake()
        lostTimers.open(shardIndex)
        // Items of the former owner have waited long enough. If they cannot be read now, the next sweep reads
        // them.
        fork(Effect.ignore(sweep.sweep(opened)))
      }),
    close: (shardIndex) =>
      Effect.gen(function* () {
        lostTimers.close(shardIndex)
        const shard = shards.get(shardIndex)
        if (shard === undefined) return
        yield* sending.rest(shard)
        if (shard.isStarted) {
          // The next owner does not send again what is read now.
          shard.hurry()
          yield* Effect.ignore(shard.turn.withPermit(reading.readOn(shard)))
          yield* sending.rest(shard)
          // The shard's cells are done, so no append is in flight.
          yield* Effect.ignore(sweep.save(shard, true))
        }
        release(shard)
      }),
    drop: (shardIndex) => {
      lostTimers.close(shardIndex)
      const shard = shards.get(shardIndex)
      if (shard !== undefined) release(shard)
    },
    markOf: (shardIndex) => {
      const shard = shards.get(shardIndex)
      return shard && { era: shard.era, w: shard.settledUpTo }
    },
    pendingCount: sending.itemCount,
    waitingInMailboxCount: parkedMail.waitingCount,
    owed: () => Array.from(shards.values()).flatMap(({ exceptions }) => exceptions.owed),
    counts: sending.counts,
  }
})
