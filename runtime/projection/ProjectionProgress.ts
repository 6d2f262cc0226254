/**
 * How far a projection is in one partition, its errors there, and the callers that wait for it.
 *
 * Owns the callers that wait to read their writes. The figures are common to all followers
 * (../follower/FollowerProgress.ts). While this process runs the partition, only ProjectionPartition.ts
 * writes; otherwise OffsetWatch.ts does, for callers that wait.
 */
import { Deferred, Effect, Latch } from "effect"
import { FollowerProgress } from "../follower/FollowerProgress.ts"
import type { FollowerState } from "../follower/FollowerStatus.ts"
import type { ProjectionPartitionStatus } from "./ProjectionStatus.ts"
import { Rebuild } from "./Rebuild.ts"

interface Waiter {
  readonly sequence: number
  readonly reached: Deferred.Deferred<void>
}

export class ProjectionProgress extends FollowerProgress {
  /** Orders of operators to begin again. */
  readonly rebuild: Rebuild
  readonly #waiters = new Set<Waiter>()
  #deadLetterCount = 0
  /** Open while a caller waits for a partition that another process runs. */
  readonly wanted = Latch.makeUnsafe(false)
  /** Opened by every caller that starts to wait. */
  readonly arrived = Latch.makeUnsafe(false)

  constructor(projection: string, ...common: ConstructorParameters<typeof FollowerProgress>) {
    super(...common)
    this.rebuild = new Rebuild(projection)
  }

  /** Sequence up to which everything is in the tables. */
  get offset(): number {
    return this.position
  }

  status(): ProjectionPartitionStatus {
    return {
      partition: this.partition,
      offset: this.position,
      ...this.followed(),
      deadLetterCount: this.#deadLetterCount,
    }
  }

  /**
   * Sets the stored offset. It may also move back: when a fail-over lost the last transactions, or an operator
   * had the projection rebuilt.
   */
  override moveTo(offset: number): void {
    super.moveTo(offset)
    for (const waiter of this.#waiters) {
      if (waiter.sequence <= offset) Deferred.doneUnsafe(waiter.reached, Effect.void)
    }
  }

  override enter(state: FollowerState): void {
    if (state !== "stalled") this.skip.go()
    super.enter(state)
    this.#tellWatch()
  }

  putAside(count: number): void {
    this.#deadLetterCount += count
  }

  /** Returns once everything up to `sequence` is in the tables, whichever node wrote it. */
  reached(sequence: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.offset >= sequence) return Effect.void
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
