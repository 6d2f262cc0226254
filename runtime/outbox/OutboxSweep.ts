/**
 * Maintains the outboxes of this node's shards: reads their journals where needed, and saves their progress.
 *
 * Owns the schedule: at once for a shard that was just taken, every half second while there is work, and
 * otherwise when a shard asks for it or something happens. What is read: Reading.ts. What has to be read and
 * saved: ShardOutbox.ts.
 */
import { Cause, Effect, Exit, Latch } from "effect"
import type { CheckpointsService } from "../checkpoint/Checkpoints.ts"
import type { JournalService } from "../journal/Journal.ts"
import type { ParkedMail } from "./ParkedMail.ts"
import type { Reading } from "./Reading.ts"
import type { ShardOutbox } from "./ShardOutbox.ts"
import { legacyPositionName, takeoverNoteName } from "./TakeoverNote.ts"

/** Pause between two sweeps, in milliseconds. */
const SWEEP_MS = 500

/** Pause between two saves of a takeover note that changes, in milliseconds. */
const SAVE_EVERY_MS = 2_000

/** Shards that are swept at once. They share the pages that they read, so few passes serve many shards. */
const SHARDS_AT_ONCE_MAX = 64

export interface OutboxSweepOptions {
  readonly shards: ReadonlyMap<number, ShardOutbox>
  readonly journal: JournalService
  readonly checkpoints: CheckpointsService
  readonly reading: Reading
  readonly parkedMail: ParkedMail
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

export class OutboxSweep {
  readonly #options: OutboxSweepOptions
  /** Open if something happened since the last sweep. */
  readonly #isActive = Latch.makeUnsafe(true)

  constructor(options: OutboxSweepOptions) {
    this.#options = options
  }

  /** Starts a sweep soon, because there may be something to read or save. */
  wake(): void {
    this.#isActive.openUnsafe()
  }

  /** Sweeps one shard. */
  sweep(shard: ShardOutbox) {
    const { reading, parkedMail } = this.#options
    return shard.turn.withPermit(
      Effect.gen({ self: this }, function* () {
        if (!shard.isStarted) {
          yield* reading.start(shard)
          if (shard.exceptions.parkedCount > 0) parkedMail.parked()
        }
        yield* reading.readOn(shard)
        yield* this.save(shard, false)
      }),
    )
  }

  /** Saves the shard's progress if it has changed; `isLast`: this node is about to release the shard. */
  save(shard: ShardOutbox, isLast: boolean) {
    const { checkpoints, nowMs } = this.#options
    return Effect.suspend(() => {
      const toSave = shard.noteToSave(nowMs(), SAVE_EVERY_MS, isLast)
      if (toSave === undefined) return Effect.void
      const { note, text } = toSave
      // Nodes of the first release read this position.
      const legacy = checkpoints.advance(legacyPositionName(shard.slot), shard.settledUpTo ?? 0)
      return Effect.andThen(
        legacy,
        Effect.map(checkpoints.write(takeoverNoteName(shard.slot), note), () => shard.saved(text, nowMs())),
      )
    })
  }

  /** Sweeps for ever. A failed step is done again at the next sweep. */
  readonly sweeping: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    let isFailing = false
    while (true) {
      yield* this.#isActive.close
      const failure = (yield* this.#sweepAll()).find(Exit.isFailure)
      if (failure !== undefined && !isFailing) {
        yield* Effect.logWarning("Outboxes cannot be looked after for now.", Cause.squash(failure.cause))
      }
      isFailing = failure !== undefined
      const pauseMs = this.#restMs()
      yield* Effect.sleep(SWEEP_MS)
      if (pauseMs <= SWEEP_MS) continue
      yield* Number.isFinite(pauseMs)
        ? Effect.timeoutOption(this.#isActive.await, pauseMs - SWEEP_MS)
        : this.#isActive.await
    }
  })

  #sweepAll(): Effect.Effect<ReadonlyArray<Exit.Exit<void, unknown>>> {
    const { shards, parkedMail, nowMs } = this.#options
    return Effect.gen({ self: this }, function* () {
      const looked: Array<Exit.Exit<void, unknown>> = [
        yield* Effect.exit(this.#look()),
        yield* Effect.exit(parkedMail.look),
      ]
      const due = Array.from(shards.values()).filter((shard) => shard.restMs(nowMs(), SAVE_EVERY_MS) === 0)
      const swept = yield* Effect.forEach(due, (shard) => Effect.exit(this.sweep(shard)), {
        concurrency: SHARDS_AT_ONCE_MAX,
      })
      return [...looked, ...swept]
    })
  }

  /**
   * Asks each partition for its end. If a partition has not grown, nothing of its shards needs to be read.
   */
  #look() {
    const { shards, journal, nowMs } = this.#options
    return Effect.suspend(() => {
      const due = Array.from(shards.values()).filter((shard) => shard.isLookDue(nowMs()))
      const byPartition = Map.groupBy(due, ({ shard }) => shard % journal.partitionCount)
      const ask = ([partition, looking]: readonly [number, ReadonlyArray<ShardOutbox>]) =>
        Effect.map(journal.lastSequence(partition), (end) => {
          for (const shard of looking) shard.look(end, nowMs())
        })
      return Effect.forEach(byPartition, ask, { discard: true })
    })
  }

  #restMs(): number {
    const { shards, parkedMail, nowMs } = this.#options
    const rests = Array.from(shards.values(), (shard) => shard.restMs(nowMs(), SAVE_EVERY_MS))
    return Math.min(...rests, parkedMail.restMs())
  }
}
