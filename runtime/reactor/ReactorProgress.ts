/**
 * How far a reactor is in one partition, its work there, and its errors.
 *
 * Owns the counts of a reactor's work. The other figures are common to all followers
 * (../follower/FollowerProgress.ts). ReactorPartition.ts and Reacting.ts write it; operators see it as
 * ReactorStatus.ts.
 */
import { Effect } from "effect"
import { FollowerProgress } from "../follower/FollowerProgress.ts"
import type { FollowerState } from "../follower/FollowerStatus.ts"
import type { ReactorPartitionStatus } from "./ReactorStatus.ts"

export class ReactorProgress extends FollowerProgress {
  handledCount = 0
  sentCount = 0
  failedCount = 0

  status(): ReactorPartitionStatus {
    return {
      partition: this.partition,
      position: this.position,
      ...this.followed(),
      handledCount: this.handledCount,
      sentCount: this.sentCount,
      failedCount: this.failedCount,
    }
  }

  override moveTo(position: number): void {
    super.moveTo(position)
    this.skip.passed(position)
    this.sawSequence(position)
  }

  override enter(state: FollowerState): void {
    if (state === "elsewhere") this.skip.go()
    super.enter(state)
  }

  /**
   * Reports failures of work that is repeated until it succeeds, so that the status says why it takes so
   * long.
   */
  reported<A, E extends { readonly message: string }>(work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.tapError(work, ({ message }) => Effect.sync(() => this.failed("unavailable", message)))
  }
}
