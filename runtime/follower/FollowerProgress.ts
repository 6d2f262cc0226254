/**
 * How far a follower of the journal is in one partition, and what ails it there.
 *
 * Owns the figures that projections and reactors have in common, and the record at which one stands still (RecordSkip.ts).
 * What each adds: ../projection/ProjectionProgress.ts, ../reactor/ReactorProgress.ts. Who runs the partition writes.
 */
import type { Clock } from "effect"
import { placesBetween } from "../journal/Partition.ts"
import type { Followed, FollowerState } from "./FollowerStatus.ts"
import { RecordSkip } from "./RecordSkip.ts"

export class FollowerProgress {
  readonly partition: number
  /** The record at which it stands still, and the order to step past it. */
  readonly skip = new RecordSkip()
  readonly #partitionCount: number
  readonly #clock: Clock.Clock
  #position = 0
  #journalSequence = 0
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

  /** Sequence of the last record that the follower is done with. */
  get position(): number {
    return this.#position
  }

  get lag(): number {
    return this.isHere ? placesBetween(this.#position, this.#journalSequence, this.#partitionCount) : 0
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
    this.#position = position
  }

  /** A sequence that the partition has. */
  sawSequence(sequence: number): void {
    this.#journalSequence = Math.max(this.#journalSequence, sequence)
  }

  enter(state: FollowerState): void {
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#clock.currentTimeMillisUnsafe()
  }

  /** Returns whether this is news: another state or another error. */
  failed(state: FollowerState, error: string): boolean {
    const isNews = state !== this.#state || error !== this.#lastError
    // Work may fail where the partition is not run: a reactor is handed events back anywhere.
    if (this.isHere) this.enter(state)
    this.#lastError = error
    return isNews
  }
}
