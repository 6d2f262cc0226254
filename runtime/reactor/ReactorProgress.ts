/**
 * How far a reactor is in one partition, what it did there, and what ails it.
 *
 * Owns the figures that operators see (ReactorStatus.ts). Written by ReactorPartition.ts and Reacting.ts.
 */
import { type Clock, Effect } from "effect"
import { placesBetween } from "../journal/Partition.ts"
import type { ProjectionState } from "../projection/ProjectionStatus.ts"
import { RecordSkip } from "../projection/RecordSkip.ts"
import type { ReactorPartitionStatus } from "./ReactorStatus.ts"

export class ReactorProgress {
  readonly partition: number
  readonly #partitionCount: number
  readonly #clock: Clock.Clock
  #position = 0
  #journalSequence = 0
  #state: ProjectionState = "elsewhere"
  #since: number
  #lastError: string | undefined
  /** The record at which it stands still, and the order to step past it. */
  readonly skip = new RecordSkip()
  handledCount = 0
  sentCount = 0
  failedCount = 0

  constructor(partition: number, partitionCount: number, clock: Clock.Clock) {
    this.partition = partition
    this.#partitionCount = partitionCount
    this.#clock = clock
    this.#since = clock.currentTimeMillisUnsafe()
  }

  get state(): ProjectionState {
    return this.#state
  }

  /** Whether this process runs the partition. */
  get isHere(): boolean {
    return this.#state !== "elsewhere"
  }

  get position(): number {
    return this.#position
  }

  status(): ReactorPartitionStatus {
    return {
      partition: this.partition,
      position: this.#position,
      lag: this.isHere ? placesBetween(this.#position, this.#journalSequence, this.#partitionCount) : 0,
      state: this.#state,
      since: this.#since,
      lastError: this.#lastError,
      ...(this.skip.stopped === undefined ? undefined : { stoppedAt: this.skip.stopped.sequence }),
      handledCount: this.handledCount,
      sentCount: this.sentCount,
      failedCount: this.failedCount,
    }
  }

  moveTo(position: number): void {
    this.#position = position
    this.skip.passed(position)
    this.sawSequence(position)
  }

  /** A sequence that the partition has. */
  sawSequence(sequence: number): void {
    this.#journalSequence = Math.max(this.#journalSequence, sequence)
  }

  enter(state: ProjectionState): void {
    if (state === "elsewhere") this.skip.go()
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#clock.currentTimeMillisUnsafe()
  }

  /** Returns whether this is news: another state or another error. */
  failed(state: ProjectionState, error: string): boolean {
    const isNews = state !== this.#state || error !== this.#lastError
    // An event may be handed back where its partition is not run.
    if (this.isHere) this.enter(state)
    this.#lastError = error
    return isNews
  }

  /** Whoever does this work goes on until it succeeds; the status says why it takes so long. */
  reported<A, E extends { readonly message: string }>(work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.tapError(work, ({ message }) => Effect.sync(() => this.failed("unavailable", message)))
  }
}
