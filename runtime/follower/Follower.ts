/**
 * A follower of the journal on a node: its partitions, each run here or by another process.
 *
 * Owns that a partition is run once at a time, however often it is opened and closed, and which partition
 * gets an operator's order. How a partition runs: ../projection/ProjectionPartition.ts,
 * ../reactor/ReactorPartition.ts. The system opens them.
 */
import { Effect, type Scope, Semaphore } from "effect"
import { partitionOfSequence } from "../journal/Partition.ts"
import type { FollowerProgress } from "./FollowerProgress.ts"
import { type SkipOrder, SkipRefused, type SkipReport, type StoppedRecord } from "./RecordSkip.ts"

export interface Follower {
  /**
   * Runs a partition here. The end of the scope stops it after the current work, and waits for that. If the
   * partition still runs, the new run begins when the old one has stopped.
   */
  readonly open: (partition: number) => Effect.Effect<void, never, Scope.Scope>
  /** The record at which a partition that runs here is stopped. */
  readonly stopped: (partition: number) => StoppedRecord | undefined
  /**
   * Makes a partition that runs here step past the record at which it is stopped. Returns once it is past the
   * record.
   */
  readonly skip: (partition: number, order: SkipOrder) => Effect.Effect<SkipReport, SkipRefused>
}

/** One partition: its progress, and the work, which never ends by itself. */
export interface FollowerPart {
  readonly progress: FollowerProgress
  readonly run: Effect.Effect<never>
}

export class FollowerParts<Part extends FollowerPart> implements Follower {
  readonly all: ReadonlyArray<Part>
  readonly #turns: ReadonlyArray<Semaphore.Semaphore>

  /** Makes the parts, and runs nothing yet. */
  constructor(partitionCount: number, partIn: (partition: number) => Part) {
    this.all = Array.from({ length: partitionCount }, (_, partition) => partIn(partition))
    this.#turns = this.all.map(() => Semaphore.makeUnsafe(1))
  }

  /** The part of the partition that holds the sequence. */
  of(sequence: number): Part {
    return this.at(partitionOfSequence(sequence, this.all.length))
  }

  readonly open: Follower["open"] = (partition) => {
    const { run } = this.at(partition)
    const once = this.#turns[partition]?.withPermit(run) ?? run
    return Effect.asVoid(Effect.forkScoped(once, { startImmediately: true }))
  }

  readonly stopped: Follower["stopped"] = (partition) => this.at(partition).progress.skip.stopped

  readonly skip: Follower["skip"] = (partition, order) => {
    const { progress } = this.at(partition)
    return progress.isHere
      ? progress.skip.order(order, () => progress.position)
      : Effect.fail(new SkipRefused({ sequence: order.sequence, detail: "this node does not run it" }))
  }

  /** The part of a partition. Throws RangeError. */
  at(partition: number): Part {
    const part = this.all[partition]
    if (part === undefined) throw new RangeError(`partition ${partition} of ${this.all.length}`)
    return part
  }
}
