/**
 * The feeds of all actors that are followed on this node, for watchers of this process and of other ones.
 *
 * Owns when a feed begins and ends, the reads that waiters need, and the order of answers. A cell tells of its
 * commits (../cell/ChangeListener.ts); an actor that nobody follows costs one look at a map. Which waiter gets what:
 * ChangeFeed.ts. Who waits: ../router/WatchRoute.ts and ../router/AskServer.ts.
 */
import { type Cause, type Clock, Effect, Exit, Latch, type Scope } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { Busy, type ReadError } from "../cell/AskError.ts"
import type { ChangeListener } from "../cell/ChangeListener.ts"
import { makeGate } from "../cell/Gate.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { JournalReadError } from "../journal/Journal.ts"
import { logSampled } from "../log/SampledLog.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { type ChangeAnswer, positionOf, type StoredChange } from "./Change.ts"
import { ChangeFeed, type Need, WATCH_BEHIND_MAX, Waiter, type WatchWish } from "./ChangeFeed.ts"
import type { WatchError } from "./WatchError.ts"
import { type ReadPorts, WatchReads } from "./WatchReads.ts"

/** Watchers that may wait on a node; further ones are refused as Busy. */
export const WATCHERS_MAX = 100_000

/** Changes that a node keeps for all watched actors together; each keeps an equal share, and a few at least. */
export const CHANGES_KEPT_TOTAL_MAX = 100_000
const CHANGES_KEPT_MIN = 4

/** Time for which a feed stays after its last watcher has waited, in milliseconds: it may be about to ask again. */
export const FEED_LINGER_MS = 15_000

/** Longest wait of a watcher of another process, in milliseconds, whatever it asks for. A dead one is gone then. */
export const WATCH_WAIT_MS_MAX = 60_000

/** Waiters that are answered before the caller of a command is; more are answered after it. */
const ANSWERED_AT_ONCE_MAX = 16

/** Waiters that are answered in one go before other work of the node gets its turn. */
const ANSWERED_IN_A_ROW_MAX = 256

/** Reads for watchers that run at once on a node. */
const READS_MAX = 32

/** Pause before a read that brought nothing is repeated, in milliseconds; doubling. */
const PAUSE_MS = { first: 50, max: 2_000 }

export interface ChangeFeedsOptions extends ReadPorts {
  readonly shardMap: ShardMap
  readonly clock: Clock.Clock
}

/** Counts since the start of the node. */
export interface WatchCounts {
  /** Watchers that wait now. */
  waitingCount: number
  /** Actors that are followed now. */
  readonly feedCount: number
  /** Changes of these actors in memory. A watcher that reads slowly keeps none of its own. */
  readonly keptCount: number
  /** Answers with changes. */
  answeredCount: number
  /** Answers that skipped to the newest state. */
  skippedCount: number
  /** Replays of journals for watchers that were behind. */
  filledCount: number
}

export interface ChangeFeeds {
  /**
   * Answers once: when there is something behind the position of the wish, or with no changes after `waitMs`
   * (default: never). Only for an actor whose shard this node has. Returns a function that forgets the wait.
   */
  readonly next: (
    definition: ActorDefinition,
    address: ActorAddress,
    wish: WatchWish,
    answer: (exit: Exit.Exit<ChangeAnswer, WatchError>) => void,
    waitMs?: number,
  ) => () => void
  /** This node has lost the shard, or hands it over: watchers are told at once. */
  readonly release: (shardIndex: number) => void
  readonly counts: () => Readonly<WatchCounts>
}

/** A listener that can be given to the cells before the feeds exist, which need the cells. */
export class ChangeDoor implements ChangeListener {
  #listener: ChangeListener | undefined

  connect(listener: ChangeListener): void {
    this.#listener = listener
  }

  readonly changed: ChangeListener["changed"] = (address, change) => this.#listener?.changed(address, change)
  readonly caughtUp: ChangeListener["caughtUp"] = (address, now) => this.#listener?.caughtUp(address, now)
}

const NOTHING_NEW = Exit.succeed<ChangeAnswer>({ _tag: "Changes", changes: [] })
const MOVED = Exit.succeed<ChangeAnswer>({ _tag: "Moved" })

/** The end of the scope ends the reads; nobody is answered then. */
export const makeChangeFeeds = (
  options: ChangeFeedsOptions,
  door: ChangeDoor,
): Effect.Effect<ChangeFeeds, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const fork = Effect.runForkWith(yield* Effect.context<never>())
    const feeds = new Feeds(options, (work) => void fork(Effect.forkIn(work, scope)))
    door.connect(feeds)
    yield* Effect.forkScoped(feeds.sweep)
    return feeds
  })

class Feeds implements ChangeFeeds, ChangeListener {
  readonly #options: ChangeFeedsOptions
  readonly #fork: (work: Effect.Effect<void>) => void
  readonly #feeds = new Map<string, ChangeFeed>()
  /** Feeds whose waiters are answered by a fiber. */
  readonly #flushing = new Set<ChangeFeed>()
  readonly #someFeeds = Latch.makeUnsafe(false)
  readonly #gate = makeGate(READS_MAX)
  readonly #reads: WatchReads
  readonly #counts = { waitingCount: 0, answeredCount: 0, skippedCount: 0, filledCount: 0 }

  constructor(options: ChangeFeedsOptions, fork: (work: Effect.Effect<void>) => void) {
    this.#options = options
    this.#fork = fork
    this.#reads = new WatchReads(options)
  }

  readonly counts = (): WatchCounts => {
    let keptCount = 0
    for (const feed of this.#feeds.values()) keptCount += feed.keptCount
    return { ...this.#counts, feedCount: this.#feeds.size, keptCount }
  }

  readonly next: ChangeFeeds["next"] = (definition, address, wish, answer, waitMs) => {
    const waiter = new Waiter(wish, answer)
    if (this.#counts.waitingCount >= WATCHERS_MAX) {
      const { type: actorType, id } = address
      answer(Exit.fail(new Busy({ actorType, id, queue: "System", limitCount: WATCHERS_MAX })))
      return forget
    }
    const feed = this.#feedOf(definition, address)
    if (feed === undefined) {
      answer(MOVED)
      return forget
    }
    this.#counts.waitingCount++
    feed.waiters.add(waiter)
    if (this.#settleNow(feed, waiter)) return forget
    if (waitMs !== undefined) {
      const expire = () => this.#settle(feed, waiter, NOTHING_NEW)
      waiter.deadline = this.#options.wheel.schedule(Math.min(waitMs, WATCH_WAIT_MS_MAX), expire)
    }
    return () => this.#forget(feed, waiter)
  }

  readonly changed: ChangeListener["changed"] = (
    address,
    { before, after, atMs, entries, isStateSuspect },
  ) => {
    const feed = this.#feeds.get(address.key)
    if (feed === undefined) return
    const from = positionOf(before)
    const to = positionOf(after)
    if (from === to) return
    if (isStateSuspect) feed.learned(to)
    else {
      const stored = entries.map(({ proposal: { entry } }) => ({
        c: entry.c,
        ev: entry.ev,
        ...(entry.m === undefined ? undefined : { m: entry.m }),
      }))
      const { sequence, state } = after
      feed.changed({ from, to, sequence, atMs, entries: stored, state }, this.#keptMax)
    }
    this.#flush(feed)
  }

  readonly caughtUp: ChangeListener["caughtUp"] = (address, now) => {
    const feed = this.#feeds.get(address.key)
    if (feed === undefined) return
    feed.learned(positionOf(now))
    this.#flush(feed)
  }

  readonly release: ChangeFeeds["release"] = (shardIndex) => {
    for (const feed of this.#feeds.values()) {
      if (feed.shardIndex !== shardIndex) continue
      this.#feeds.delete(feed.address.key)
      for (const waiter of [...feed.waiters, ...feed.needing]) this.#settle(feed, waiter, MOVED)
    }
  }

  /** Forgets feeds that nobody waits at. */
  readonly sweep: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      yield* this.#someFeeds.await
      yield* Effect.sleep(FEED_LINGER_MS / 2)
      const usedBeforeMs = this.#nowMs - FEED_LINGER_MS
      for (const [key, feed] of this.#feeds) {
        const isUsed = feed.waiters.size + feed.needing.size > 0
        if (isUsed) feed.usedAtMs = this.#nowMs
        else if (feed.usedAtMs <= usedBeforeMs) this.#feeds.delete(key)
      }
      if (this.#feeds.size === 0) this.#someFeeds.closeUnsafe()
    }
  })

  get #nowMs(): number {
    return monotonicMs(this.#options.clock)
  }

  get #keptMax(): number {
    const share = Math.floor(CHANGES_KEPT_TOTAL_MAX / this.#feeds.size)
    return Math.max(CHANGES_KEPT_MIN, Math.min(WATCH_BEHIND_MAX, share))
  }

  #feedOf(definition: ActorDefinition, address: ActorAddress): ChangeFeed | undefined {
    const known = this.#feeds.get(address.key)
    if (known !== undefined) {
      known.usedAtMs = this.#nowMs
      return known
    }
    const shardIndex = this.#options.shardMap.indexOf(address.type, address.shard)
    if (shardIndex === undefined) return undefined
    const feed = new ChangeFeed(definition, address, shardIndex)
    feed.usedAtMs = this.#nowMs
    this.#feeds.set(address.key, feed)
    this.#someFeeds.openUnsafe()
    return feed
  }

  /** Answers the waiter, if possible, or has read what it needs. Returns whether it was answered. */
  #settleNow(feed: ChangeFeed, waiter: Waiter): boolean {
    const outcome = feed.outcome(waiter)
    if (outcome === "wait") {
      feed.needing.delete(waiter)
      feed.waiters.add(waiter)
      return false
    }
    if (outcome._tag === "Changes" || outcome._tag === "Newest" || outcome._tag === "Moved") {
      this.#counts.answeredCount++
      if (outcome._tag === "Newest" && outcome.skipped > 0) this.#counts.skippedCount++
      this.#settle(feed, waiter, Exit.succeed(outcome))
      return true
    }
    feed.waiters.delete(waiter)
    feed.needing.add(waiter)
    this.#attend(feed)
    return false
  }

  #settle(feed: ChangeFeed, waiter: Waiter, exit: Exit.Exit<ChangeAnswer, WatchError>): void {
    if (this.#forget(feed, waiter)) waiter.answer(exit)
  }

  /** Whether the waiter still waited. */
  #forget(feed: ChangeFeed, waiter: Waiter): boolean {
    const isWaiting = feed.waiters.delete(waiter) || feed.needing.delete(waiter)
    if (!isWaiting) return false
    waiter.deadline?.cancel()
    this.#counts.waitingCount--
    return true
  }

  /** Answers the waiters: a few at once, many by a fiber, because the caller of a command waits. */
  #flush(feed: ChangeFeed): void {
    if (feed.waiters.size > ANSWERED_AT_ONCE_MAX) {
      if (this.#flushing.has(feed)) return
      this.#flushing.add(feed)
      return this.#fork(this.#flushAll(feed))
    }
    for (const waiter of [...feed.waiters]) this.#settleNow(feed, waiter)
  }

  readonly #flushAll = (feed: ChangeFeed): Effect.Effect<void> =>
    Effect.gen({ self: this }, function* () {
      yield* Effect.yieldNow
      this.#flushing.delete(feed)
      let count = 0
      for (const waiter of [...feed.waiters]) {
        if (feed.waiters.has(waiter)) this.#settleNow(feed, waiter)
        if (++count % ANSWERED_IN_A_ROW_MAX === 0) yield* Effect.yieldNow
      }
    })

  /** Reads what waiters of the feed need, one thing after the other, until they need nothing. */
  #attend(feed: ChangeFeed): void {
    if (feed.isAttended) return
    feed.isAttended = true
    this.#fork(
      Effect.ensuring(
        this.#attending(feed),
        Effect.sync(() => {
          feed.isAttended = false
        }),
      ),
    )
  }

  readonly #attending = (feed: ChangeFeed): Effect.Effect<void> =>
    Effect.gen({ self: this }, function* () {
      let pauseMs = PAUSE_MS.first
      let before: { readonly tag: Need["_tag"]; readonly count: number } | undefined
      while (true) {
        yield* this.#settleNeeding(feed)
        // A waiter that comes later finds that nobody attends to the feed.
        const need = feed.need
        if (need === undefined) {
          feed.isAttended = false
          return
        }
        const count = feed.needing.size
        const isStuck = before?.tag === need._tag && before.count === count
        before = { tag: need._tag, count }
        if (isStuck) yield* Effect.sleep(pauseMs)
        pauseMs = isStuck ? Math.min(pauseMs * 2, PAUSE_MS.max) : PAUSE_MS.first
        const met = yield* Effect.exit(this.#gate(this.#reads.meet(feed, need)))
        if (Exit.isSuccess(met)) this.#read(feed, need, met.value)
        else yield* this.#unread(feed, met.cause)
      }
    })

  readonly #settleNeeding = (feed: ChangeFeed): Effect.Effect<void> =>
    Effect.gen({ self: this }, function* () {
      let count = 0
      for (const waiter of [...feed.needing]) {
        if (feed.needing.has(waiter)) this.#settleNow(feed, waiter)
        if (++count % ANSWERED_IN_A_ROW_MAX === 0) yield* Effect.yieldNow
      }
    })

  #read(feed: ChangeFeed, need: Need, page: ReadonlyArray<StoredChange> | undefined): void {
    if (need._tag === "Fill") this.#counts.filledCount++
    if (need._tag !== "Page" || page === undefined) return
    this.#counts.answeredCount++
    this.#settle(feed, need.waiter, Exit.succeed({ _tag: "Changes", changes: page }))
  }

  readonly #unread = (
    feed: ChangeFeed,
    cause: Cause.Cause<JournalReadError | ReadError>,
  ): Effect.Effect<void> => {
    const [reason] = cause.reasons
    const error = reason?._tag === "Fail" ? reason.error : undefined
    if (error?._tag === "ActorQuarantined") {
      for (const waiter of [...feed.needing]) this.#settle(feed, waiter, Exit.fail(error))
    }
    if (reason?._tag !== "Die") return Effect.void
    const line = `What watchers of ${feed.address.key} need could not be read.`
    return logSampled("read for watchers", line, { level: "Error", cause })
  }
}

const forget = (): void => undefined
