/**
 * What commits carry is sent: right after the commit by the node that wrote it, and from the journal by whoever comes
 * after a crash.
 *
 * Owns the order (items of one actor to one receiver leave in the order of its commits), the bound on what waits in
 * memory, and the watermark: a checkpoint below which everything is sent. Above it the journal is the outbox. Sending
 * twice is harmless, ids are made of places in the journal. How an item is sent: Dispatcher.ts.
 */
import { Cause, Clock, Effect, Exit, FiberSet, Latch, type Scope } from "effect"
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import type { CommitListener } from "../cell/CommitListener.ts"
import type { Pending } from "../cell/Pending.ts"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import { DeadLetters } from "../deadletter/DeadLetters.ts"
import { EventPublisher } from "../integration/EventPublisher.ts"
import { type CommitEntry, CommitUnreadable, decodeCommit } from "../journal/Commit.ts"
import { Journal, type JournalRecord } from "../journal/Journal.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import { type DispatchPorts, dispatchItem, type PlacedItem, timerSlot } from "./Dispatcher.ts"
import { Frontier } from "./Frontier.ts"
import { outboxIdOf, RESERVED_ID_PREFIX } from "./OutboxItem.ts"

/** Name of the checkpoint. */
const WATERMARK = "outbox"

/** Commits whose outboxes wait in memory; further ones are left to the journal and read back in its order. */
export const OUTBOX_COMMITS_MAX = 10_000

/**
 * Pause between two looks at the frontier while something happens, in milliseconds. A gap in the known commits is read
 * from the journal when two looks have met it: until then it is likely an append under way.
 */
const SWEEP_MS = 500

/** Longest pause between two looks at the journal's end while nothing happens, in milliseconds. */
const IDLE_SWEEP_MS_MAX = 600_000

/** A timer that is due for longer has lost its message: it is placed again when its actor comes into memory. */
const OVERDUE_MS = 5_000

export interface OutboxCounts {
  /** Items that left. */
  sentCount: number
  /** Commits whose outbox was read from the journal, after a crash or for another node. */
  recoveredCount: number
}

export interface Outbox extends CommitListener {
  /** Everything up to this place in the journal is sent. */
  readonly watermark: () => number
  /** Commits whose outbox is being sent. */
  readonly pendingCount: () => number
  readonly counts: OutboxCounts
  /** Sends what waits and moves the watermark. */
  readonly flush: Effect.Effect<void>
}

interface Job {
  readonly sequence: number
  readonly items: ReadonlyArray<PlacedItem>
}

export interface OutboxOptions {
  readonly namespace: string
  readonly shardCount: number
  /** Told of calls that were aborted. */
  readonly aborted: (address: ActorAddress, name: string) => void
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
    shardCount: options.shardCount,
  }
  const counts: OutboxCounts = { sentCount: 0, recoveredCount: 0 }
  const fork = yield* FiberSet.makeRuntime<never>()
  /** Jobs of an actor that is being worked off. */
  const lanes = new Map<string, Array<Job>>()
  let jobCount = 0
  const idle = Latch.makeUnsafe(true)
  const active = Latch.makeUnsafe(true)
  let frontier = new Frontier(0)
  let isPlaced = false
  /**
   * Commits are left to the journal: at first, until what an earlier life left is under way, and when too many wait.
   * Sending the newest at once meanwhile would put them before older ones of the same actor.
   */
  let isBehind = true
  /** What was seen at the last look: gaps up to there are read. */
  let readableUpTo = 0

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

  const sendJob = ({ sequence, items }: Job): Effect.Effect<void> => {
    const groups = items.length === 1 ? [items] : Array.from(Map.groupBy(items, receiverOf).values())
    return Effect.forEach(groups, sendGroup, { discard: true, concurrency: "unbounded" }).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          jobCount--
          if (jobCount === 0) idle.openUnsafe()
          if (Exit.isSuccess(exit)) frontier.done(sequence)
        }),
      ),
    )
  }

  const work = (key: string, lane: Array<Job>): Effect.Effect<void> =>
    Effect.whileLoop({
      while: () => lane.length > 0,
      body: () => sendJob(lane[0] as Job),
      step: () => {
        lane.shift()
        if (lane.length === 0) lanes.delete(key)
      },
    })

  const enqueue = (key: string, job: Job): void => {
    jobCount++
    idle.closeUnsafe()
    const lane = lanes.get(key)
    if (lane !== undefined) {
      lane.push(job)
      return
    }
    const started = [job]
    lanes.set(key, started)
    fork(work(key, started))
  }

  const send = (from: ActorAddress, sequence: number, atMs: number, entries: ReadonlyArray<CommitEntry>) => {
    const items = itemsOf(from, sequence, atMs, entries)
    if (items.length === 0) frontier.done(sequence)
    else if (jobCount >= OUTBOX_COMMITS_MAX) leave(sequence)
    else if (frontier.begin(sequence)) enqueue(from.key, { sequence, items })
  }

  /** Left out it is a gap, and so is all that comes after it until the journal was read up to its end. */
  const leave = (sequence: number): void => {
    isBehind = true
    frontier.reaches(sequence)
  }

  const recoverOne = (record: JournalRecord): void => {
    try {
      const { at, entries } = decodeCommit(record)
      counts.recoveredCount++
      send(addressFromKey(record.key, options.shardCount), record.sequence, at, entries)
    } catch (cause) {
      if (!(cause instanceof CommitUnreadable)) throw cause
      // Its actor is quarantined and says so; what it would send is not known.
      frontier.done(record.sequence)
    }
  }

  /** Reads a page of the first gap, if it may be read. True: there may be more. */
  const fillGap = Effect.gen(function* () {
    const gap = frontier.gap()
    if (gap === undefined) {
      isBehind = false
      return false
    }
    const upTo = isBehind ? gap.upTo : Math.min(gap.upTo, readableUpTo)
    if (upTo <= gap.after || jobCount >= OUTBOX_COMMITS_MAX) return false
    const page = yield* journal.scan({ after: gap.after, upTo })
    for (const record of page) if (!frontier.isKnown(record.sequence)) recoverOne(record)
    return page.length > 0
  })

  const saveWatermark = Effect.suspend(() => {
    const { position } = frontier
    if (position === savedAt) return Effect.void
    return Effect.andThen(
      checkpoints.advance(WATERMARK, position),
      Effect.sync(() => {
        savedAt = position
      }),
    )
  })
  let savedAt = 0

  /** Where the last life left off; everything that the journal holds beyond is a gap. */
  const place = Effect.gen(function* () {
    const position = yield* checkpoints.position(WATERMARK)
    const end = yield* journal.lastSequence(0)
    const { seen } = frontier
    frontier = new Frontier(Math.min(position, end))
    savedAt = frontier.position
    frontier.reaches(Math.max(end, seen))
    isPlaced = true
  })

  const sweep = Effect.gen(function* () {
    if (!isPlaced) yield* place
    while (yield* fillGap);
    readableUpTo = frontier.seen
    yield* saveWatermark
  })

  /** Whether others have written since the last look. */
  const endMoved = Effect.gen(function* () {
    const before = frontier.seen
    frontier.reaches(yield* journal.lastSequence(0))
    return frontier.seen > before
  }).pipe(Effect.orElseSucceed(() => true))

  const sweeping = Effect.gen(function* () {
    let idleMs = SWEEP_MS
    let isFailing = false
    while (true) {
      const swept = yield* Effect.exit(sweep)
      if (Exit.isFailure(swept) && !isFailing) {
        yield* Effect.logWarning(
          "The outbox's watermark stays where it is for now.",
          Cause.squash(swept.cause),
        )
      }
      isFailing = Exit.isFailure(swept)
      if (isFailing || frontier.position < frontier.seen) {
        idleMs = SWEEP_MS
        yield* Effect.sleep(SWEEP_MS)
        continue
      }
      // Nothing is left: commits of this node wake it, for those of others it looks ever more rarely.
      active.closeUnsafe()
      const woken = yield* Effect.timeoutOption(active.await, idleMs)
      if (woken._tag === "Some") {
        idleMs = SWEEP_MS
        yield* Effect.sleep(SWEEP_MS)
      } else idleMs = (yield* endMoved) ? SWEEP_MS : Math.min(idleMs * 2, IDLE_SWEEP_MS_MAX)
    }
  })
  yield* Effect.forkScoped(sweeping)

  return {
    committed: (address, sequence, atMs, entries) => {
      active.openUnsafe()
      let hasItems = false
      for (const { proposal } of entries) {
        for (const item of proposal.entry.out ?? []) {
          hasItems = true
          if (item.k === "abort") options.aborted(address, item.n)
        }
      }
      if (isBehind) leave(sequence)
      else if (!hasItems) frontier.done(sequence)
      else {
        send(
          address,
          sequence,
          atMs,
          entries.map(({ proposal }) => proposal.entry),
        )
      }
    },
    found: (record) => {
      if (isBehind) leave(record.sequence)
      else if (!frontier.isKnown(record.sequence)) recoverOne(record)
    },
    unsure: () => active.openUnsafe(),
    activated: (address, timers) => {
      const nowMs = clock.currentTimeMillisUnsafe()
      const items = overdueOf(address, timers, nowMs)
      if (items.length > 0) enqueue(address.key, { sequence: 0, items })
    },
    watermark: () => frontier.position,
    pendingCount: () => jobCount,
    counts,
    flush: Effect.andThen(idle.await, Effect.ignore(saveWatermark)),
  }
})

/** Items that must keep their order among themselves go to the same receiver. */
const receiverOf = ({ item, from }: PlacedItem): string =>
  item.k === "tell" || item.k === "answer" ? item.to : item.k === "publish" ? item.t : from.key

const itemsOf = (
  from: ActorAddress,
  sequence: number,
  atMs: number,
  entries: ReadonlyArray<CommitEntry>,
): ReadonlyArray<PlacedItem> => {
  const items: Array<PlacedItem> = []
  for (const { c, m, out } of entries) {
    if (out === undefined) continue
    const metadata = { correlationId: c, ...m, causationId: c }
    for (const item of out) {
      items.push({ item, id: outboxIdOf(sequence, atMs, items.length), from, sequence, atMs, metadata })
    }
  }
  return items
}

/** Timers whose message should have come long ago, as items that place them again. */
const overdueOf = (from: ActorAddress, timers: Pending["timers"], nowMs: number): ReadonlyArray<PlacedItem> =>
  Array.from(timers)
    .filter(([, { at }]) => at < nowMs - OVERDUE_MS)
    .map(([n, { g, at, e }]) => ({
      item: { k: "timer", n, g, at, e },
      id: `${RESERVED_ID_PREFIX}${from.key}.${timerSlot(n, g)}`,
      from,
      sequence: 0,
      atMs: nowMs,
      metadata: undefined,
    }))
