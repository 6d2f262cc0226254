/**
 * What commits carry is sent: right after the commit by the node that wrote it, and from the journal by the next owner of
 * the shard after a crash or a move. The journal is the outbox: an item is done with when its effect is in the receiver's
 * journal.
 *
 * Owns when a shard is looked after: reading, sending, saving how far it is. What is known of a shard: ShardOutbox.ts. How
 * items leave: Sending.ts. What is read: Reading.ts.
 */
import { Cause, Clock, Effect, Exit, FiberSet, Latch, Random, type Scope } from "effect"
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import type { CommitListener } from "../cell/CommitListener.ts"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import { ERA_MIN, type ShardMark } from "../commit/Commit.ts"
import { isCarrying, itemsOf } from "../commit/PlacedItem.ts"
import { DeadLetters } from "../deadletter/DeadLetters.ts"
import { EventPublisher } from "../integration/EventPublisher.ts"
import { Journal } from "../journal/Journal.ts"
import type { Deliver } from "../mailbox/Deliver.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { type DispatchPorts, dispatchItem } from "./Dispatcher.ts"
import type { OwedItem } from "./Exceptions.ts"
import { makeLostTimers } from "./LostTimers.ts"
import { makeParkedMail } from "./ParkedMail.ts"
import { makeReading } from "./Reading.ts"
import { makeSending, type OutboxCounts } from "./Sending.ts"
import { ShardOutbox } from "./ShardOutbox.ts"
import { legacyPositionName, takeoverNoteName } from "./TakeoverNote.ts"
import { overdueTimers } from "./WaitingTimers.ts"
import type { AppendInFlight } from "./Watermark.ts"

/** Pause between two looks at what is to be read and saved, in milliseconds. */
const SWEEP_MS = 500

/** How often a takeover note that changes is saved, in milliseconds. */
const SAVE_EVERY_MS = 2_000

/** Shards that are looked after at once. */
const SHARDS_AT_ONCE_MAX = 8

export interface Outbox extends CommitListener {
  /** This node has the place now: what its former owner left is sent, and what that one may still write. */
  readonly open: (place: number, epoch: number) => Effect.Effect<void>
  /** Sends what waits of the place and saves how far that is. */
  readonly close: (place: number) => Effect.Effect<void>
  /** Somebody else has the place. */
  readonly drop: (place: number) => void
  /** What commits of the place say of its shard; `undefined` where this node does not have it. */
  readonly markOf: (place: number) => ShardMark | undefined
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
  readonly places: ShardMap
  /** A former owner's append may land for two of these after its lease has ended. */
  readonly leaseMs: number
  /** Delivers a message straight to its receiver. */
  readonly deliver: Deliver
  /** Whether every member takes messages that way. */
  readonly isDirect: () => boolean
  /** Told of calls that were aborted. */
  readonly aborted: (address: ActorAddress, name: string) => void
  /** Somebody else has written in a place of this node, under a higher epoch. */
  readonly outrun: (place: number) => void
}

type Ports = Journal | Mailbox | Checkpoints | DeadLetters | EventPublisher

export const makeOutbox = Effect.fnUntraced(function* (
  options: OutboxOptions,
): Effect.fn.Return<Outbox, never, Ports | Scope.Scope> {
  const { places, leaseMs, deliver, isDirect } = options
  const { shardCount } = places
  const clock = yield* Clock.Clock
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
  const active = Latch.makeUnsafe(true)
  const random = yield* Random.Random
  const nowMs = () => monotonicMs(clock)
  const drawEra = (): number => ERA_MIN + Math.floor(random.nextDoubleUnsafe() * ERA_MIN)
  const lostTimers = yield* makeLostTimers(
    places,
    (item) => Effect.asVoid(dispatchItem(ports, item)),
    (place) => shards.get(place)?.placedUpTo,
  )

  const sending = yield* makeSending({
    ports,
    deliver,
    isDirect,
    scheduled: ({ place }, sequence) => lostTimers.scheduled(place, sequence),
    parked: () => {
      parkedMail.parked()
      active.openUnsafe()
    },
  })
  const { outrun } = options
  const reading = makeReading({ journal, checkpoints, mailbox, sending, shardCount, leaseMs, nowMs, outrun })
  const parkedMail = yield* makeParkedMail({ mailbox, shards, parkAgain: reading.parkAgain, nowMs })

  const shardOf = ({ type, shard }: ActorAddress): ShardOutbox | undefined => {
    const place = places.indexOf(type, shard)
    return place === undefined ? undefined : shards.get(place)
  }

  const save = (shard: ShardOutbox, isLast: boolean) =>
    Effect.suspend(() => {
      const toSave = shard.noteToSave(nowMs(), SAVE_EVERY_MS, isLast)
      if (toSave === undefined) return Effect.void
      const { note, text } = toSave
      // Nodes of the first release read this one.
      const legacy = checkpoints.advance(legacyPositionName(shard.slot), shard.settledUpTo ?? 0)
      return Effect.andThen(
        legacy,
        Effect.map(checkpoints.write(takeoverNoteName(shard.slot), note), () => shard.saved(text, nowMs())),
      )
    })

  const sweep = (shard: ShardOutbox) =>
    shard.turn.withPermit(
      Effect.gen(function* () {
        if (!shard.isPlaced) {
          yield* reading.place(shard)
          if (shard.exceptions.parkedCount > 0) parkedMail.parked()
        }
        yield* reading.readOn(shard)
        yield* save(shard, false)
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
    const looked: Array<Exit.Exit<void, unknown>> = [
      yield* Effect.exit(look),
      yield* Effect.exit(parkedMail.look),
    ]
    const due = Array.from(shards.values()).filter((shard) => shard.restMs(nowMs(), SAVE_EVERY_MS) === 0)
    const swept = yield* Effect.forEach(due, (shard) => Effect.exit(sweep(shard)), {
      concurrency: SHARDS_AT_ONCE_MAX,
    })
    return [...looked, ...swept]
  })

  const restMs = (): number => {
    const rests = Array.from(shards.values(), (shard) => shard.restMs(nowMs(), SAVE_EVERY_MS))
    return Math.min(...rests, parkedMail.restMs())
  }

  const sweeping = Effect.gen(function* () {
    let isFailing = false
    while (true) {
      yield* active.close
      const failure = (yield* sweepAll).find(Exit.isFailure)
      if (failure !== undefined && !isFailing) {
        yield* Effect.logWarning("Outboxes cannot be looked after for now.", Cause.squash(failure.cause))
      }
      isFailing = failure !== undefined
      const pauseMs = restMs()
      yield* Effect.sleep(SWEEP_MS)
      if (pauseMs <= SWEEP_MS) continue
      yield* Number.isFinite(pauseMs) ? Effect.timeoutOption(active.await, pauseMs - SWEEP_MS) : active.await
    }
  })
  yield* Effect.forkScoped(sweeping)

  /** What an item changes at once, before it is sent. */
  const noticed = (address: ActorAddress, item: OutboxItem): void => {
    if (item.k === "abort") options.aborted(address, item.n)
  }

  return {
    appending: (address) => shardOf(address)?.watermark.begin(),
    over: (address, appending) => shardOf(address)?.over(address.key, appending as AppendInFlight),
    unresolved: (address, appending, expectedSequence) =>
      shardOf(address)?.unresolved(address.key, appending as AppendInFlight, expectedSequence),
    abandoned: (address, appending, expectedSequence) => {
      const untilMs = nowMs() + 2 * leaseMs
      shardOf(address)?.abandoned(address.key, appending as AppendInFlight, expectedSequence, untilMs)
      active.openUnsafe()
    },
    committed: (address, { sequence, atMs, era, born, entries }) => {
      const stored = entries.map(({ proposal }) => proposal.entry)
      for (const { out } of [{ out: born }, ...stored]) for (const item of out ?? []) noticed(address, item)
      const shard = shardOf(address)
      if (shard === undefined) return
      active.openUnsafe()
      // Appended in an earlier time of having the shard, or in format 1: it is found like a former owner's.
      if (era !== shard.era && era >= ERA_MIN) return shard.hurry()
      shard.wrote(sequence, atMs, nowMs())
      lostTimers.stored(shard.place, sequence)
      if (!isCarrying({ born, entries: stored })) return
      const source = { source: shard.slot, era }
      const items = itemsOf(address, sequence, atMs, { born, entries: stored }, source)
      const sendNow = () => sending.send(shard, shard.begin(sequence, items.length), items, false)
      if (!sending.hasRoom()) shard.leave(sequence)
      else if (shard.isBehind) shard.leave(sequence, sendNow)
      else sendNow()
    },
    found: (record) => {
      const from = addressFromKey(record.key, shardCount)
      const shard = shardOf(from)
      if (shard === undefined) return
      // What was there when the shard was taken is read in order, beginning where the former owner left off. What came
      // since was appended late by a former owner, or is this owner's own with a lost acknowledgement.
      const isUntold = shard.isUntold(record.key, record.sequence)
      const isLate = shard.isPlaced && record.sequence > shard.takenAt
      if (!isUntold && !isLate) return
      if (shard.isBehind) shard.leave(record.sequence)
      else reading.recoverOne(shard, record)
    },
    activated: (address, timers) => {
      const shard = shardOf(address)
      if (shard === undefined) return
      const items = overdueTimers(address, timers, clock.currentTimeMillisUnsafe())
      sending.send(shard, undefined, items, true)
    },
    open: (index, epoch) =>
      Effect.sync(() => {
        const { shard, slot, group } = places.all[index] as ShardEntry
        const opened = new ShardOutbox({
          place: index,
          shard,
          slot,
          epoch,
          era: drawEra(),
          types: new Set(group.types),
        })
        shards.set(index, opened)
        sending.open(opened)
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
        yield* sending.rest(shard)
        if (shard.isPlaced) {
          // What is read now is not sent again by the next owner.
          shard.hurry()
          yield* Effect.ignore(shard.turn.withPermit(reading.readOn(shard)))
          yield* sending.rest(shard)
          // Its cells are done: no append is on its way.
          yield* Effect.ignore(save(shard, true))
        }
        shards.delete(index)
        parkedMail.leave(shard)
        sending.close(shard)
      }),
    drop: (index) => {
      lostTimers.close(index)
      const shard = shards.get(index)
      shards.delete(index)
      if (shard === undefined) return
      parkedMail.leave(shard)
      sending.close(shard)
    },
    markOf: (index) => {
      const shard = shards.get(index)
      return shard && { era: shard.era, w: shard.settledUpTo }
    },
    pendingCount: sending.itemCount,
    waitingInMailboxCount: parkedMail.waitingCount,
    owed: () => Array.from(shards.values()).flatMap(({ exceptions }) => exceptions.owed),
    counts: sending.counts,
  }
})
