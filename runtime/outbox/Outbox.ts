/**
 * What commits carry is sent: right after the commit by the node that wrote it, and from the journal by the next owner of
 * the shard after a crash or a move. The journal is the outbox: an item is done with when its effect is in the receiver's
 * journal.
 *
 * Owns the shards: which ones this node has, and how a shard begins and ends. What is known of a shard: ShardOutbox.ts. What
 * cells tell: CommitIntake.ts. How items leave: Sending.ts. What is read: Reading.ts, and when: OutboxSweep.ts.
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

export interface Outbox extends CommitListener {
  /** This node has the shard now: what its former owner left is sent, and what that one may still write. */
  readonly open: (shardIndex: number, epoch: number) => Effect.Effect<void>
  /** Sends what waits of the shard and saves how far that is. */
  readonly close: (shardIndex: number) => Effect.Effect<void>
  /** The shard is another node's. */
  readonly drop: (shardIndex: number) => void
  /** What commits of the shard say of it; `undefined` where this node does not have it. */
  readonly markOf: (shardIndex: number) => ShardMark | undefined
  /** Items that are being sent, but for those that wait by themselves. */
  readonly pendingCount: () => number
  /** Messages in the mailbox whose receivers have not taken them yet. */
  readonly waitingInMailboxCount: () => number
  /** Items that could not be sent so far. */
  readonly owed: () => ReadonlyArray<OwedItem>
  readonly counts: OutboxCounts
}

export interface OutboxOptions {
  readonly namespace: string
  readonly shardMap: ShardMap
  /** A former owner's append may land for two of these after its lease has ended. */
  readonly leaseMs: number
  /** Delivers a message straight to its receiver. */
  readonly deliver: Deliver
  /** Whether every member takes messages that way. */
  readonly isDirect: () => boolean
  /** Told of calls that were aborted. */
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

  const lostTimers = yield* makeLostTimers(
    shardMap,
    (item) => Effect.asVoid(dispatchItem(ports, item)),
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
    checkpoints,
    mailbox,
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
    clock,
    leaseMs,
    nowMs,
    aborted,
    wake,
  })
  yield* Effect.forkScoped(sweep.sweeping)

  /** The shard is another node's from now on. */
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
        wake()
        lostTimers.open(shardIndex)
        // What the former owner left has waited long enough; if it cannot be read now, it is at the next look.
        fork(Effect.ignore(sweep.sweep(opened)))
      }),
    close: (shardIndex) =>
      Effect.gen(function* () {
        lostTimers.close(shardIndex)
        const shard = shards.get(shardIndex)
        if (shard === undefined) return
        yield* sending.rest(shard)
        if (shard.isStarted) {
          // What is read now is not sent again by the next owner.
          shard.hurry()
          yield* Effect.ignore(shard.turn.withPermit(reading.readOn(shard)))
          yield* sending.rest(shard)
          // Its cells are done: no append is on its way.
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
