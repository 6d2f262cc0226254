/**
 * How far a follower of the journal is in one partition, and its errors there.
 *
 * Owns the figures that projections and reactors share, and the record at which the follower is stopped
 * (RecordSkip.ts). Further figures: ../projection/ProjectionProgress.ts, ../reactor/ReactorProgress.ts. The
 * runner of the partition writes them.
 */
import type { Clock } from "effect"
import { recordCountBetween } from "../journal/Partition.ts"
import type { Followed, FollowerState } from "./FollowerStatus.ts"
import { RecordSkip } from "./RecordSkip.ts"

export class FollowerProgress {
  readonly partition: number
  /** The record at which the follower is stopped, and an order to step past it. */
  readonly skip = new RecordSkip()
  readonly #partitionCount: number
  readonly #clock: Clock.Clock
  #position = 0
  #journalSequence = 0
  /** Sequence up to which no record waits for the follower, as of its last idle interval. */
  #idleUpTo = 0
  #state: FollowerState = "elsewhere"
  #since: number
  #lastError: string | undefined

  constructor(partition: number, partitionCount: number, clock: Clock.Clock) {
    this.partition = partition
    this.#partitionCount = partitionCount
    this.#clock = clock
    this.#since = clock.currentTimeMillisUnsafe()
  }

  get state(): FollowerState {
    return this.#state
  }

  /** Whether this process runs the partition. */
  get isHere(): boolean {
    return this.#state !== "elsewhere"
  }

  /** Sequence of the last record that the follower has finished. */
  get position(): number {
    return this.#position
  }

  /** Records after the last one that the follower has finished, or after the end of its last idle interval. */
  get lag(): number {
    if (!this.isHere) return 0
    const done = Math.max(this.#position, this.#idleUpTo)
    return recordCountBetween(done, this.#journalSequence, this.#partitionCount)
  }

  followed(): Followed {
    const { stopped } = this.skip
    return {
      lag: this.lag,
      state: this.#state,
      since: this.#since,
      lastError: this.#lastError,
      ...(stopped === undefined ? undefined : { stoppedAt: stopped.sequence }),
    }
  }

  moveTo(position: number): void {
    if (position < this.#position) this.#idleUpTo = 0
    this.#position = position
  }

  /**
   * The follower was idle for a whole interval, so the records up to `sequence` that it has not finished belong
   * to other actor types.
   */
  idle(sequence: number): void {
    this.#idleUpTo = sequence
    this.enter("running")
  }

  /** Notes a sequence that exists in the partition. */
  sawSequence(sequence: number): void {
    this.#journalSequence = Math.max(this.#journalSequence, sequence)
  }

  enter(state: FollowerState): void {
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#clock.currentTimeMillisUnsafe()
  }

  /** Notes a failure. Returns whether the state or the error has changed. */
  failed(state: FollowerState, error: string): boolean {
    const isNews = state !== this.#state || error !== this.#lastError
    // Work may fail on a node that does not run the partition, because events are redriven on any node.
    if (this.isHere) this.enter(state)
    this.#lastError = error
    return isNews
  }
}
