/**
 * How far a projection is in one partition, what ails it there, and who waits for it.
 *
 * Owns the figures that operators see and the waiters of read-your-writes. While the partition is run here,
 * ProjectionPartition.ts alone writes; while it is not, OffsetWatch.ts does, for those who wait.
 */
import { type Clock, Deferred, Effect, Latch } from "effect"
import { placesBetween } from "../journal/Partition.ts"
import type { ProjectionPartitionStatus, ProjectionState } from "./ProjectionStatus.ts"
import { RecordSkip } from "./RecordSkip.ts"

interface Waiter {
  readonly sequence: number
  readonly reached: Deferred.Deferred<void>
}

export class ProjectionProgress {
  readonly partition: number
  readonly #partitionCount: number
  readonly #clock: Clock.Clock
  readonly #waiters = new Set<Waiter>()
  #offset = 0
  #journalSequence = 0
  #state: ProjectionState = "elsewhere"
  #since: number
  #lastError: string | undefined
  #deadLetterCount = 0
  /** The record at which it stands still, and the order to step past it. */
  readonly skip = new RecordSkip()
  /** Open while somebody waits for a partition that is not run here. */
  readonly wanted = Latch.makeUnsafe(false)
  /** Opened by everyone who starts to wait. */
  readonly arrived = Latch.makeUnsafe(false)

  constructor(partition: number, partitionCount: number, clock: Clock.Clock) {
    this.partition = partition
    this.#partitionCount = partitionCount
    this.#clock = clock
    this.#since = clock.currentTimeMillisUnsafe()
  }

  get offset(): number {
    return this.#offset
  }

  get state(): ProjectionState {
    return this.#state
  }

  /** Whether this process runs the partition. */
  get isHere(): boolean {
    return this.#state !== "elsewhere"
  }

  status(): ProjectionPartitionStatus {
    return {
      partition: this.partition,
      offset: this.#offset,
      lag: this.isHere ? placesBetween(this.#offset, this.#journalSequence, this.#partitionCount) : 0,
      state: this.#state,
      since: this.#since,
      lastError: this.#lastError,
      ...(this.skip.stopped === undefined ? undefined : { stoppedAt: this.skip.stopped.sequence }),
      deadLetterCount: this.#deadLetterCount,
    }
  }

  /** The stored offset; it may also have moved back, when a fail-over lost the last transactions. */
  moveTo(offset: number): void {
    this.#offset = offset
    for (const waiter of this.#waiters) {
      if (waiter.sequence <= offset) Deferred.doneUnsafe(waiter.reached, Effect.void)
    }
  }

  /** A sequence that the partition has. */
  sawSequence(sequence: number): void {
    this.#journalSequence = Math.max(this.#journalSequence, sequence)
  }

  enter(state: ProjectionState): void {
    if (state !== "stalled") this.skip.go()
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#clock.currentTimeMillisUnsafe()
    this.#tellWatch()
  }

  /** Returns whether this is news: another state or another error. */
  failed(state: "unavailable" | "stalled", error: string): boolean {
    const isNews = state !== this.#state || error !== this.#lastError
    this.enter(state)
    this.#lastError = error
    return isNews
  }

  putAside(count: number): void {
    this.#deadLetterCount += count
  }

  /** Returns once everything up to `sequence` is in the tables, whoever put it there. */
  reached(sequence: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#offset >= sequence) return Effect.void
      const waiter: Waiter = { sequence, reached: Deferred.makeUnsafe() }
      this.#waiters.add(waiter)
      this.arrived.openUnsafe()
      this.#tellWatch()
      return Deferred.await(waiter.reached).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            this.#waiters.delete(waiter)
            this.#tellWatch()
          }),
        ),
      )
    })
  }

  #tellWatch(): void {
    if (!this.isHere && this.#waiters.size > 0) this.wanted.openUnsafe()
    else this.wanted.closeUnsafe()
  }
}
