/**
 * Watches the parked messages in the mailbox: a message is settled when its receiver has taken it, and sent
 * again when the mailbox has lost it.
 *
 * Owns the looks, and when the mailbox's answers count. A parked message is known only by its position there,
 * and an older copy reuses positions. So the node's tide is among the messages (MailboxTide.ts):
 * acknowledgements count while it is there. When it is gone, all parked messages are sent again. What was
 * parked before a tide was seen, by this node or by a former owner, is looked for in the mailbox once
 * (StillParked.ts). The lists: Exceptions.ts. Reading.ts reads the journal.
 */
import { Effect, Exit, Latch, type Scope, Semaphore } from "effect"
import type { JournalReadError } from "../journal/Journal.ts"
import type { MailboxError, MailboxService } from "../mailbox/Mailbox.ts"
import { makeMailboxTide } from "./MailboxTide.ts"
import type { ShardOutbox } from "./ShardOutbox.ts"
import { noLongerParked } from "./StillParked.ts"

/** Shards of receivers that are queried at once. */
const SHARDS_AT_ONCE_MAX = 8

/** First and longest pause between two queries for acknowledged messages, in milliseconds. */
const LOOK_FIRST_MS = 500
const LOOK_MAX_MS = 5_000

/**
 * Shortest pause between two tides, in milliseconds. A copy that replaces the mailbox must be at least twice
 * this older than the mailbox: a younger copy might lack messages and have the last tide.
 */
const TIDE_EVERY_MS = 1_000

export interface ParkedMail {
  /** This node now has the shard. */
  readonly opened: (shard: ShardOutbox) => void
  /** A message was parked by this node, or by the former owner of a shard. */
  readonly parked: () => void
  /** Looks at all parked messages, if it is time. */
  readonly look: Effect.Effect<void, MailboxError | JournalReadError>
  /** Milliseconds until the next look; infinite if nothing is parked. */
  readonly restMs: () => number
  readonly waitingCount: () => number
  /** Another node has the shard from now on. */
  readonly release: (shard: ShardOutbox) => void
}

export interface ParkedMailOptions {
  readonly mailbox: MailboxService
  readonly shards: ReadonlyMap<number, ShardOutbox>
  /** Sends the shard's parked messages again that the mailbox has lost. */
  readonly parkAgain: (shard: ShardOutbox) => Effect.Effect<void, JournalReadError>
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

export const makeParkedMail = Effect.fnUntraced(function* (
  options: ParkedMailOptions,
): Effect.fn.Return<ParkedMail, never, Scope.Scope> {
  const { mailbox, shards, parkAgain, nowMs } = options
  const { messageSentinels, acknowledged } = mailbox
  const tide = yield* makeMailboxTide({
    place: (_, name) => messageSentinels.place(name),
    remove: (_, name) => messageSentinels.remove(name),
  })
  const raised = Latch.makeUnsafe(false)
  const gone = Latch.makeUnsafe(false)
  /** Permit to read the sentinels; one reader at a time. */
  const turn = Semaphore.makeUnsafe(1)
  let lookAtMs = Number.NEGATIVE_INFINITY
  let pauseMs = LOOK_FIRST_MS

  const all = (): ReadonlyArray<ShardOutbox> => Array.from(shards.values())
  const waitingCount = (): number => {
    let count = 0
    for (const { exceptions } of shards.values()) count += exceptions.parkedCount
    return count
  }

  /** Reads the sentinels. If the mailbox was replaced, all parked messages count as lost. */
  const check = Effect.gen(function* () {
    const found = yield* messageSentinels.names
    if (!tide.isSame(found)) {
      for (const { exceptions } of all()) exceptions.doubt()
      tide.raise()
      raised.openUnsafe()
      gone.openUnsafe()
    }
    yield* tide.turn(found)
    for (const { exceptions } of all()) exceptions.watched(tide.isSeen())
    return found
  })

  /** Asks the mailbox for what it could have lost before the tide was seen. */
  const prove = Effect.gen(function* () {
    for (const { exceptions, slot } of all()) {
      const { unproven } = exceptions
      if (unproven.length === 0 || !tide.isSeen()) continue
      const ranges = unproven.map(({ range }) => range)
      const gone = new Set(yield* noLongerParked(mailbox, slot, ranges))
      for (const { range, proven } of unproven) proven(!gone.has(range))
    }
  })

  const placeTide = Effect.gen(function* () {
    const [first] = all()
    if (first === undefined) return
    yield* tide.place(first)
    const found = yield* check
    for (const shard of all()) yield* tide.clean(shard, found)
  })

  const rising = Effect.gen(function* () {
    while (true) {
      yield* raised.await
      raised.closeUnsafe()
      gone.closeUnsafe()
      const exit = yield* Effect.exit(turn.withPermit(placeTide))
      if (Exit.isFailure(exit)) raised.openUnsafe()
      // Without a tide a second loss would go unnoticed, so the next tide does not wait.
      yield* Effect.timeoutOption(gone.await, TIDE_EVERY_MS)
    }
  })
  yield* Effect.forkScoped(rising)

  const lookAtAll = Effect.gen(function* () {
    const waitingBefore = waitingCount()
    const receiverShards = new Set(all().flatMap(({ exceptions }) => [...exceptions.receiverShards]))
    const ask = (receiverShard: number) =>
      Effect.map(acknowledged(receiverShard), (upTo) => [receiverShard, upTo] as const)
    const answers = yield* Effect.forEach(receiverShards, ask, { concurrency: SHARDS_AT_ONCE_MAX })
    // Read the tide after the answers: if it is there, they come from the mailbox in which everything was
    // parked.
    yield* turn.withPermit(check)
    for (const shard of all()) {
      for (const [receiverShard, upTo] of answers) shard.exceptions.acknowledged(receiverShard, upTo)
      shard.changed()
    }
    yield* prove
    for (const shard of all()) yield* shard.turn.withPermit(parkAgain(shard))
    const isMoving = waitingCount() !== waitingBefore
    lookAtMs = nowMs() + pauseMs
    pauseMs = isMoving ? LOOK_FIRST_MS : Math.min(pauseMs * 2, LOOK_MAX_MS)
  })

  const rise = () => {
    tide.raise()
    raised.openUnsafe()
  }

  return {
    opened: ({ exceptions }) => {
      exceptions.watched(tide.isSeen())
      if (!tide.isSeen()) rise()
    },
    parked: () => {
      pauseMs = LOOK_FIRST_MS
      rise()
    },
    look: Effect.suspend(() => (waitingCount() === 0 || nowMs() < lookAtMs ? Effect.void : lookAtAll)),
    restMs: () => (waitingCount() === 0 ? Number.POSITIVE_INFINITY : Math.max(0, lookAtMs - nowMs())),
    waitingCount,
    release: (shard) => {
      if (tide.release(shard)) rise()
    },
  }
})
