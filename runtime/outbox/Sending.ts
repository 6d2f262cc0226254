/**
 * Sends items of commits, each by its road. A message goes directly to its receiver, or into the mailbox
 * (parked) if the receiver cannot take it now. Timers, calls and integration events go to their port. An item
 * that nothing takes is owed: it waits separately and is tried again.
 *
 * Owns the roads, and the bound on items in work. The order: Lanes.ts. How an item is sent: Dispatcher.ts.
 * Which items, and when: CommitIntake.ts and Reading.ts.
 */
import { Clock, Effect, FiberSet, Latch, type Scope } from "effect"
import { addressFromKey } from "../address/ActorAddress.ts"
import type { PlacedItem } from "../commit/PlacedItem.ts"
import { about } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import { type Deliver, DIRECT_MS } from "../mailbox/Deliver.ts"
import {
  type ActorMessage,
  abandonMessage,
  type Dispatched,
  type DispatchPorts,
  dispatchItem,
  isForLater,
  isForNow,
  messageOf,
  receiverOf,
  subjectOf,
  waitsFor,
} from "./Dispatcher.ts"
import { Lanes } from "./Lanes.ts"
import type { ShardOutbox } from "./ShardOutbox.ts"
import type { CarryingCommit } from "./Watermark.ts"

/** Items that wait in memory; further commits are left to the journal and read back in its order. */
export const OUTBOX_ITEMS_MAX = 10_000

/** Failed attempts at a port after which an item is owed. */
const OWED_FROM_ATTEMPT = 3

export interface OutboxCounts {
  /** Items that were sent. */
  sentCount: number
  /** Messages that went directly to their receiver. */
  directCount: number
  /** Messages that went into the mailbox. */
  parkedCount: number
  /** Dead letters of messages that actors refused. */
  letterCount: number
  /** Commits whose items were read from the journal, after a crash or for another node. */
  recoveredCount: number
}

interface Job {
  readonly shard: ShardOutbox
  readonly lane: string
  readonly placed: PlacedItem
  /** The item's commit; `undefined` for a timer that is placed again. */
  readonly commit: CarryingCommit | undefined
  /** The item was read from the journal. An earlier process may have taken it up and crashed over it. */
  readonly isRecovered: boolean
  isOwed: boolean
}

export interface SendingOptions {
  readonly ports: DispatchPorts
  /** Delivers a message directly to its receiver. */
  readonly deliver: Deliver
  /** Whether every member takes direct messages. */
  readonly isDirect: () => boolean
  /** A timer or later message of the commit at `sequence` is in the mailbox. */
  readonly scheduled: (shard: ShardOutbox, sequence: number) => void
  /** A message was parked. */
  readonly parked: () => void
}

export interface Sending {
  /** Sends the items of one commit; `isRecovered`: they were read from the journal. */
  readonly send: (
    shard: ShardOutbox,
    commit: CarryingCommit | undefined,
    items: ReadonlyArray<PlacedItem>,
    isRecovered: boolean,
  ) => void
  readonly open: (shard: ShardOutbox) => void
  /** Stops sending. The next owner sends the remaining items. */
  readonly close: (shard: ShardOutbox) => void
  /** Waits until no item of the shard is in work, except items that wait separately. */
  readonly rest: (shard: ShardOutbox) => Effect.Effect<void>
  /** Whether there is room for another commit's items. */
  readonly hasRoom: () => boolean
  /** Items in work, without those that wait separately. */
  readonly itemCount: () => number
  readonly counts: OutboxCounts
}

export const makeSending = Effect.fnUntraced(function* (
  options: SendingOptions,
): Effect.fn.Return<Sending, never, Scope.Scope> {
  const { ports, deliver, isDirect } = options
  const { shardCount } = ports
  const clock = yield* Clock.Clock
  const fork = yield* FiberSet.makeRuntime<never>()
  const counts: OutboxCounts = {
    sentCount: 0,
    directCount: 0,
    parkedCount: 0,
    letterCount: 0,
    recoveredCount: 0,
  }
  const lanes = new Map<ShardOutbox, Lanes<Job>>()
  let jobCount = 0
  /** Opens when a job is done. */
  const progress = Latch.makeUnsafe(false)
  const isHere = (shard: ShardOutbox): boolean => lanes.has(shard)

  /** The job is not in work any more: it is done, or waits separately. */
  const release = ({ shard }: Job): void => {
    jobCount--
    shard.jobCount--
    shard.changed()
    progress.openUnsafe()
  }

  /** Logs an item that was owed and is sent now. Similar items soon after it are only counted. */
  const sayNoLongerOwed = ({ placed, isOwed }: Job): void => {
    if (!isOwed) return
    fork(logSampled("no longer owed", `No longer owed: ${titleOf(placed)}.`).pipe(about(subjectOf(placed))))
  }

  const settle = (job: Job): void => {
    counts.sentCount++
    if (job.placed.item.k === "letter") counts.letterCount++
    if (isForLater(job.placed) && job.commit !== undefined) options.scheduled(job.shard, job.commit.sequence)
    sayNoLongerOwed(job)
    if (job.commit !== undefined) job.shard.exceptions.settled(job.commit, job.placed.id)
    if (job.isOwed) job.shard.changed()
    else release(job)
  }

  /**
   * The job, and the jobs after it in its lane, wait separately from now on. False: there is no room for it.
   */
  const owe = (job: Job, reason: string): boolean => {
    const { placed, commit, shard } = job
    if (job.isOwed || commit === undefined) return job.isOwed
    const { id, from, item, origin } = placed
    const { sequence, index } = origin ?? { sequence: placed.sequence, index: 0 }
    const to = waitsFor(placed)
    const sinceMs = clock.currentTimeMillisUnsafe()
    const owed = { id, to, from: from.key, kind: item.k, sequence, index, reason, sinceMs }
    if (!shard.exceptions.owe(commit, owed)) return false
    job.isOwed = true
    release(job)
    const line = `Owed, and tried again: ${titleOf(placed)}. It could not be sent: ${reason}`
    fork(logSampled("owed", line).pipe(about(subjectOf(placed))))
    return true
  }

  const oweLane = (job: Job, reason: string): void => {
    if (!owe(job, reason)) return
    for (const behind of lanes.get(job.shard)?.behindHead(job.lane) ?? []) {
      if (!owe(behind, reason)) return
    }
  }

  /** Sends the item to its port, or into the mailbox. */
  const dispatch = (job: Job, floor: ReturnType<ShardOutbox["floorTo"]>) =>
    dispatchItem(
      ports,
      job.placed,
      {
        failed: ({ message }, attemptCount) => {
          if (attemptCount >= OWED_FROM_ATTEMPT) oweLane(job, message)
        },
        isWanted: () => isHere(job.shard),
      },
      floor,
    )

  /** Handles the outcome of a job that is not in work any more. */
  const ended = (job: Job, dispatched: Dispatched): void => {
    const { shard, placed, commit } = job
    if (dispatched._tag === "Settled") return settle(job)
    if (dispatched._tag === "Unwanted") return job.isOwed ? undefined : release(job)
    counts.parkedCount++
    const { position } = dispatched
    if (position === undefined || commit === undefined) {
      // No report will say when the receiver has taken the message.
      shard.isExact = false
      return settle(job)
    }
    counts.sentCount++
    sayNoLongerOwed(job)
    const { shard: receiverShard } = addressFromKey(receiverOf(placed), shardCount)
    shard.exceptions.park(waitsFor(placed), receiverShard, commit, placed.id, position)
    if (!job.isOwed) release(job)
    options.parked()
  }

  const toPort = (job: Job, done: () => void): void => {
    // An item that is due later carries no floor.
    const floor = isForNow(job.placed) ? job.shard.floorTo(receiverOf(job.placed)) : undefined
    fork(
      Effect.map(dispatch(job, floor), (dispatched) => {
        ended(job, dispatched)
        done()
      }),
    )
  }

  const run = (job: Job, done: () => void): void => {
    const { shard, placed } = job
    if (!isHere(shard)) {
      if (!job.isOwed) release(job)
      return done()
    }
    if (!isForNow(placed) || job.isRecovered || !isDirect()) return toPort(job, done)
    const to = waitsFor(placed)
    // Do not overtake an item that already waits for the receiver.
    if (shard.exceptions.lowestTo(to) !== Number.POSITIVE_INFINITY) return toPort(job, done)
    const { message } = messageOf(placed, shard.floorTo(to)) as ActorMessage
    deliver(message, to, DIRECT_MS, (verdict) => {
      if (verdict._tag === "Settled") {
        counts.directCount++
        settle(job)
        return done()
      }
      if (verdict._tag !== "Dead") return toPort(job, done)
      fork(
        Effect.map(abandonMessage(ports, to, message, verdict.reason, verdict.detail), () => {
          settle(job)
          done()
        }),
      )
    })
  }

  const enqueue = (
    shard: ShardOutbox,
    placed: PlacedItem,
    commit: CarryingCommit | undefined,
    isRecovered: boolean,
  ): void => {
    const own = lanes.get(shard)
    // Another node has the shard now and sends the item.
    if (own === undefined) return
    const lane = laneOf(placed)
    const job: Job = { shard, lane, placed, commit, isRecovered, isOwed: false }
    jobCount++
    shard.jobCount++
    if (own.head(lane)?.isOwed === true)
      owe(job, "an earlier item of its sender to the same receiver is owed")
    own.add(lane, job)
  }

  return {
    send: (shard, commit, items, isRecovered) => {
      for (const placed of items) enqueue(shard, placed, commit, isRecovered)
    },
    open: (shard) => lanes.set(shard, new Lanes<Job>(run)),
    close: (shard) => lanes.delete(shard),
    rest: (shard) =>
      Effect.gen(function* () {
        while (shard.jobCount > 0) {
          progress.closeUnsafe()
          yield* progress.await
        }
      }),
    hasRoom: () => jobCount < OUTBOX_ITEMS_MAX,
    itemCount: () => jobCount,
    counts,
  }
})

/** Title of an item, for operators. */
const titleOf = (placed: PlacedItem): string => {
  const { id, from, item } = placed
  const to = waitsFor(placed)
  return `${item.k} ${id} of ${from.key}${to === from.key ? "" : ` to ${to}`}`
}

/**
 * Lane of an item. Items that must keep their order have the same sender, and the same receiver or event
 * type.
 */
const laneOf = ({ item, from }: PlacedItem): string =>
  item.k === "tell" || item.k === "answer"
    ? `${from.key} ${item.to}`
    : item.k === "publish"
      ? `${from.key} publish ${item.t}`
      : item.k === "letter"
        ? `${from.key} letter`
        : from.key
