/**
 * What commits carry is sent: right after the commit by the node that wrote it, and from the journal by whoever takes
 * the shard after a crash or a move.
 *
 * Owns the order (items of one actor to one receiver leave in the order of its commits), the bound on what waits in
 * memory, and a watermark per shard: a checkpoint below which everything is sent. Above it the journal is the outbox.
 * Sending twice is harmless, ids are made of places in the journal. What is known of a shard: ShardOutbox.ts. How an
 * item is sent: Dispatcher.ts.
 */
import { Cause, Clock, Effect, Exit, FiberSet, Latch, type Scope } from "effect"
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import type { CommitListener } from "../cell/CommitListener.ts"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import type { ShardPlace, ShardPlaces } from "../cluster/Slot.ts"
import { type CommitEntry, CommitUnreadable, decodeCommit } from "../commit/Commit.ts"
import { itemsOf, type PlacedItem } from "../commit/PlacedItem.ts"
import { DeadLetters } from "../deadletter/DeadLetters.ts"
import { EventPublisher } from "../integration/EventPublisher.ts"
import { Journal, type JournalRecord } from "../journal/Journal.ts"
import { somePage } from "../journal/RecordPage.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { type DispatchPorts, dispatchItem } from "./Dispatcher.ts"
import { makeLostTimers, overdueTimers } from "./LostTimers.ts"
import { ShardOutbox } from "./ShardOutbox.ts"

/** Commits whose outboxes wait in memory; further ones are left to the journal and read back in its order. */
export const OUTBOX_COMMITS_MAX = 10_000

/** Pause between two looks at what is to be read and saved, in milliseconds. */
const SWEEP_MS = 500

/** How often a watermark that moves is saved, in milliseconds. A crash repeats that much, and what may be unsettled. */
const SAVE_EVERY_MS = 2_000

/** The same where nothing was sent, and a crash has nothing to repeat but some reading. */
const SAVE_UNSENT_EVERY_MS = 10_000

/** An append is answered within its time-out, give or take, in milliseconds. */
const SETTLED_SLACK_MS = 1_000

/** Shards that are looked after at once. */
const SHARDS_AT_ONCE_MAX = 8

export interface OutboxCounts {
  /** Items that left. */
  sentCount: number
  /** Commits whose outbox was read from the journal, after a crash or for another node. */
  recoveredCount: number
}

export interface Outbox extends CommitListener {
  /** This node has the place now: what its former owner left is sent, and whatever that one may still write. */
  readonly open: (place: number, epoch: number) => Effect.Effect<void>
  /** Sends what waits of the place and saves how far that is. */
  readonly close: (place: number) => Effect.Effect<void>
  /** Somebody else has the place. */
  readonly drop: (place: number) => void
  /** Commits whose outbox is being sent. */
  readonly pendingCount: () => number
  readonly counts: OutboxCounts
}

interface Job {
  readonly shard: ShardOutbox
  readonly sequence: number
  readonly items: ReadonlyArray<PlacedItem>
}

export interface OutboxOptions {
  readonly namespace: string
  readonly places: ShardPlaces
  /** A former owner's append may land for two of these after its lease has ended. */
  readonly leaseMs: number
  /** Told of calls that were aborted. */
  readonly aborted: (address: ActorAddress, name: string) => void
  /** Somebody else has written in a place of this node, under a higher epoch. */
  readonly outrun: (place: number) => void
}

type Ports = Journal | Mailbox | Checkpoints | DeadLetters | EventPublisher

export const makeOutbox = Effect.fnUntraced(function* (
  options: OutboxOptions,
): Effect.fn.Return<Outbox, never, Ports | Scope.Scope> {
  const clock = yield* Clock.Clock
  const journal = yield* Journal
  const checkpoints = yield* Checkpoints
  const ports: DispatchPorts = {
    mailbox: yield* Mailbox,
    publisher: yield* EventPublisher,
    deadLetters: yield* DeadLetters,
    namespace: options.namespace,
    shardCount: options.places.shardCount,
  }
  const counts: OutboxCounts = { sentCount: 0, recoveredCount: 0 }
  const fork = yield* FiberSet.makeRuntime<never>()
  /** Jobs of an actor that is being worked off. */
  const lanes = new Map<string, Array<Job>>()
  const shards = new Map<number, ShardOutbox>()
  let jobCount = 0
  /** Opened whenever a job is done. */
  const progress = Latch.makeUnsafe(false)
  const active = Latch.makeUnsafe(true)
  const nowMs = () => monotonicMs(clock)
  const settledMs = journal.appendTimeoutMs + SETTLED_SLACK_MS

  const sendGroup = (items: ReadonlyArray<PlacedItem>) =>
    Effect.forEach(
      items,
      (placed) =>
        Effect.andThen(
          dispatchItem(ports, placed),
          Effect.sync(() => counts.sentCount++),
        ),
      { discard: true },
    )

  const sendJob = ({ shard, sequence, items }: Job): Effect.Effect<void> => {
    const groups = items.length === 1 ? [items] : Array.from(Map.groupBy(items, receiverOf).values())
    return Effect.forEach(groups, sendGroup, { discard: true, concurrency: "unbounded" }).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          jobCount--
          shard.jobCount--
          if (Exit.isSuccess(exit)) shard.done(sequence)
          progress.openUnsafe()
        }),
      ),
    )
  }

  const work = (key: string, lane: Array<Job>): Effect.Effect<void> =>
    Effect.whileLoop({
      while: () => lane.length > 0,
      // What stops one job is said; the actor's later ones are sent all the same.
      body: () =>
        Effect.catchDefect(sendJob(lane[0] as Job), (defect) =>
          Effect.logError(`What commit ${lane[0]?.sequence} of ${key} carries could not be sent.`, defect),
        ),
      step: () => {
        lane.shift()
        if (lane.length === 0) lanes.delete(key)
      },
    })

  const enqueue = (key: string, job: Job): void => {
    jobCount++
    job.shard.jobCount++
    const lane = lanes.get(key)
    if (lane !== undefined) {
      lane.push(job)
      return
    }
    const started = [job]
    lanes.set(key, started)
    fork(work(key, started))
  }

  const send = (
    shard: ShardOutbox,
    from: ActorAddress,
    sequence: number,
    atMs: number,
    entries: ReadonlyArray<CommitEntry>,
  ): void => {
    const items = itemsOf(from, sequence, atMs, entries)
    if (items.length === 0) shard.saw(sequence)
    else if (jobCount >= OUTBOX_COMMITS_MAX) shard.leave(sequence)
    else if (shard.begin(sequence)) enqueue(from.key, { shard, sequence, items })
  }

  const shardOf = ({ type, shard }: ActorAddress): ShardOutbox | undefined => {
    const place = options.places.of(type, shard)
    return place === undefined ? undefined : shards.get(place)
  }

  const recoverOne = (shard: ShardOutbox, record: JournalRecord, isSentIfOwn = false): void => {
    try {
      const from = addressFromKey(record.key, options.places.shardCount)
      if (!shard.types.has(from.type) || shard.isKnown(record.sequence)) return
      const { at, epoch, entries } = decodeCommit(record)
      if (epoch > shard.epoch) options.outrun(shard.place)
      if (isSentIfOwn && epoch === shard.epoch) return
      counts.recoveredCount++
      send(shard, from, record.sequence, at, entries)
    } catch (cause) {
      // Its actor is quarantined and says so, or its key names no actor; what it would send is not known. Every error is
      // caught, because a record that stopped this loop would keep all later ones of its shard from being sent.
      // A newer node can read it, and sends it: begun and never done, it keeps the watermark before it.
      if (cause instanceof CommitUnreadable && cause.reason === "NewerFormat") shard.begin(record.sequence)
    }
  }

  /** Reads the shard's journal as far as there is need and room. */
  const readOn = (shard: ShardOutbox) =>
    Effect.gen(function* () {
      if (shard.toRead(nowMs()) === undefined) return
      const askedAtMs = nowMs()
      const end = yield* journal.lastOfShard(shard.shard)
      while (yield* readPage(shard, end, askedAtMs));
    })

  /** Of a journal that ended at `end` when it was asked. True: there may be more. */
  const readPage = Effect.fnUntraced(function* (shard: ShardOutbox, end: number, askedAtMs: number) {
    const after = shard.toRead(nowMs())
    if (after === undefined || jobCount >= OUTBOX_COMMITS_MAX) return false
    const scan = journal.scan({ shard: shard.shard, after, upTo: end })
    const page = after < end ? yield* somePage(scan, `shard ${shard.shard} after ${after}`) : []
    for (const record of page) recoverOne(shard, record)
    // What found no room is behind the place from which is read next.
    if (page.length > 0) shard.read(Math.min(page.at(-1)?.sequence ?? end, shard.leftAfter))
    else shard.readToEnd(end, askedAtMs)
    return page.length > 0
  })

  const save = (shard: ShardOutbox, position: number) =>
    Effect.suspend(() => {
      if (position <= shard.savedPosition) return Effect.void
      return Effect.map(checkpoints.advance(shard.checkpoint, position), () => shard.saved(position, nowMs()))
    })

  const place = (shard: ShardOutbox) =>
    Effect.gen(function* () {
      const position = yield* checkpoints.position(shard.checkpoint)
      const end = yield* journal.lastOfShard(shard.shard)
      // A journal that lost its end is shorter than what was sent of it.
      shard.start(Math.min(position, end), end, nowMs() + 2 * options.leaseMs)
    })

  const sweep = (shard: ShardOutbox) =>
    shard.turn.withPermit(
      Effect.gen(function* () {
        if (!shard.isPlaced) yield* place(shard)
        const isTurned = shard.turnGeneration(nowMs(), SAVE_EVERY_MS)
        yield* readOn(shard)
        const everyMs = shard.hasSent ? SAVE_EVERY_MS : SAVE_UNSENT_EVERY_MS
        if (isTurned && nowMs() - shard.savedAtMs >= everyMs) yield* save(shard, shard.position)
      }),
    )

  /** One question per partition: where it has not grown, nothing of its shards needs to be read. */
  const look = Effect.suspend(() => {
    const due = Array.from(shards.values()).filter((shard) => shard.isLookDue(nowMs()))
    const byPartition = Map.groupBy(due, ({ shard }) => shard % journal.partitionCount)
    const ask = ([partition, looking]: readonly [number, ReadonlyArray<ShardOutbox>]) =>
      Effect.map(journal.lastSequence(partition), (end) => {
        for (const shard of looking) shard.look(end, nowMs())
      })
    return Effect.forEach(byPartition, ask, { discard: true })
  })

  const sweepAll = Effect.gen(function* () {
    const looked = yield* Effect.exit(look)
    const due = Array.from(shards.values()).filter((shard) => shard.restMs(nowMs(), SAVE_EVERY_MS) === 0)
    const swept = yield* Effect.forEach(due, (shard) => Effect.exit(sweep(shard)), {
      concurrency: SHARDS_AT_ONCE_MAX,
    })
    return [looked, ...swept]
  })

  const sweeping = Effect.gen(function* () {
    let isFailing = false
    while (true) {
      yield* active.close
      const failure = (yield* sweepAll).find(Exit.isFailure)
      if (failure !== undefined && !isFailing) {
        yield* Effect.logWarning("Outboxes cannot be looked after for now.", Cause.squash(failure.cause))
      }
      isFailing = failure !== undefined
      const restMs = Math.min(...Array.from(shards.values(), (shard) => shard.restMs(nowMs(), SAVE_EVERY_MS)))
      yield* Effect.sleep(SWEEP_MS)
      if (restMs <= SWEEP_MS) continue
      yield* Number.isFinite(restMs) ? Effect.timeoutOption(active.await, restMs - SWEEP_MS) : active.await
    }
  })
  yield* Effect.forkScoped(sweeping)

  const awaitJobs = (shard: ShardOutbox) =>
    Effect.gen(function* () {
      while (shard.jobCount > 0) {
        progress.closeUnsafe()
        yield* progress.await
      }
    })

  const lostTimers = yield* makeLostTimers(options.places, (item) => sendGroup([item]))

  /** What an item changes at once, before it is sent. */
  const noticed = (address: ActorAddress, item: OutboxItem): void => {
    if (item.k === "abort") options.aborted(address, item.n)
    else if (item.k === "timer") lostTimers.set()
  }

  return {
    committed: (address, sequence, atMs, entries) => {
      let hasItems = false
      for (const { proposal } of entries) {
        const { out } = proposal.entry
        if (out === undefined) continue
        hasItems = true
        for (const item of out) noticed(address, item)
      }
      const shard = shardOf(address)
      if (shard === undefined) return
      active.openUnsafe()
      if (!hasItems) return shard.saw(sequence)
      const stored = entries.map(({ proposal }) => proposal.entry)
      const sendNow = () => send(shard, address, sequence, atMs, stored)
      if (shard.isBehind) shard.leave(sequence, sendNow)
      else sendNow()
    },
    found: (record) => {
      const from = addressFromKey(record.key, options.places.shardCount)
      const shard = shardOf(from)
      if (shard === undefined) return
      const { sequence } = record
      // What is behind the watermark was sent, and its receivers may have forgotten it. But for an append of a former
      // owner that landed here when nobody looked for it any more.
      if (shard.isPlaced && sequence <= shard.savedPosition) {
        if (sequence > shard.takenAt) recoverOne(shard, record, true)
      } else if (shard.isBehind) shard.leave(sequence)
      else recoverOne(shard, record)
    },
    unsure: (address) => {
      shardOf(address)?.doubt(nowMs() + 2 * options.leaseMs)
      active.openUnsafe()
    },
    activated: (address, timers) => {
      const shard = shardOf(address)
      const items = overdueTimers(address, timers, clock.currentTimeMillisUnsafe())
      if (shard !== undefined && items.length > 0) enqueue(address.key, { shard, sequence: 0, items })
    },
    open: (index, epoch) =>
      Effect.sync(() => {
        const { shard, slot, group } = options.places.all[index] as ShardPlace
        const types = new Set(group.types)
        const identity = { place: index, shard, epoch, checkpoint: `outbox.${slot}`, types, settledMs }
        const opened = new ShardOutbox(identity)
        shards.set(index, opened)
        active.openUnsafe()
        lostTimers.open(index)
        // What the former owner left has waited long enough; if it cannot be read now, it is at the next look.
        fork(Effect.ignore(sweep(opened)))
      }),
    close: (index) =>
      Effect.gen(function* () {
        lostTimers.close(index)
        const shard = shards.get(index)
        if (shard === undefined) return
        yield* awaitJobs(shard)
        shards.delete(index)
        if (!shard.isPlaced) return
        // What is read now is not sent again by the next owner.
        shard.hurry()
        yield* Effect.ignore(shard.turn.withPermit(readOn(shard)))
        yield* awaitJobs(shard)
        // Its cells are done: no append is on its way.
        yield* Effect.ignore(save(shard, shard.positionAtRest))
      }),
    drop: (index) => {
      lostTimers.close(index)
      shards.delete(index)
    },
    pendingCount: () => jobCount,
    counts,
  }
})

/** Items that must keep their order among themselves go to the same receiver. */
const receiverOf = ({ item, from }: PlacedItem): string =>
  item.k === "tell" || item.k === "answer" ? item.to : item.k === "publish" ? item.t : from.key
