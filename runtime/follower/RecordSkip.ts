/**
 * The record at which a follower of the journal is stopped in a partition, and an operator's order to step
 * past it.
 *
 * Owns the state of that record, and that an order applies once, to this record only. How a projection steps
 * past it: ../projection/ProjectionPartition.ts; how a reactor does: ../reactor/Reacting.ts.
 * ../system/ClusterControl.ts sends orders to the node that runs the partition.
 */
import { Deferred, Effect, Latch, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** Longest time that a follower has for stepping past a record, in milliseconds. */
export const SKIP_TIMEOUT_MS = 8_000

/** The first record that a follower could not get past. */
export interface StoppedRecord {
  /** Journal sequence of the record. */
  readonly sequence: number
  readonly reason: string
}

/** An operator's order. `by` and `note` are kept with the dead letter. */
export interface SkipOrder {
  readonly sequence: number
  readonly by: string
  readonly note: string
}

/** Result of an order. */
export interface SkipReport {
  /** False: the follower was already past the record. */
  readonly isNews: boolean
  /** Dead letters that were made of the record; 0 if it could be applied after all. */
  readonly deadLetterCount: number
}

/** The follower does not stand still at this record, or did not get past it in time. */
export class SkipRefused extends errorClass<SkipRefused>()(
  "SkipRefused",
  {
    sequence: Schema.Number,
    detail: Schema.String,
  },
  {
    kind: "terminal",
    retry: "never",
    hint: "Skip only the record that the cluster's status names as stopped.",
  },
) {
  override get message(): string {
    return `Record ${this.sequence} is not skipped: ${this.detail}`
  }
}

/** Reason of a dead letter that an operator ordered. */
export const skipReason = ({ by, note }: SkipOrder, reason: string): string =>
  `skipped by ${by}: ${note}; it failed with: ${reason}`

interface Given {
  readonly order: SkipOrder
  readonly report: Deferred.Deferred<SkipReport>
  deadLetterCount: number
}

export class RecordSkip {
  #stopped: StoppedRecord | undefined
  #given: Given | undefined
  readonly #ordered = Latch.makeUnsafe(false)

  /** The record at which the follower is stopped; `undefined` if it runs, or waits for something else. */
  get stopped(): StoppedRecord | undefined {
    return this.#stopped
  }

  /** The follower could not get past this record. */
  stop(sequence: number, reason: string): void {
    this.#stopped = { sequence, reason }
  }

  /** The follower runs again, or stopped for another reason than a record. */
  go(): void {
    this.#stopped = undefined
  }

  /** The order to step past this record, if there is one. */
  orderFor(sequence: number): SkipOrder | undefined {
    return this.#given?.order.sequence === sequence ? this.#given.order : undefined
  }

  /** Returns when there is an order, once for each order. */
  readonly ordered: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(
      this.#ordered.await,
      Effect.sync(() => this.#ordered.closeUnsafe()),
    ),
  )

  /** Counts the dead letters of the record. */
  buried(sequence: number, deadLetterCount: number): void {
    if (this.#given?.order.sequence === sequence) this.#given.deadLetterCount += deadLetterCount
  }

  /** The follower is past everything up to `position`. */
  passed(position: number): void {
    if (this.#stopped !== undefined && this.#stopped.sequence <= position) this.go()
    const given = this.#given
    if (given === undefined || given.order.sequence > position) return
    this.#end()
    const { report, deadLetterCount } = given
    Deferred.doneUnsafe(report, Effect.succeed({ isNews: true, deadLetterCount }))
  }

  /** Gives an order and waits until the follower is past the record. Only one order at a time. */
  order(order: SkipOrder, position: () => number): Effect.Effect<SkipReport, SkipRefused> {
    return Effect.suspend(() => {
      const { sequence } = order
      const refuse = (detail: string) => Effect.fail(new SkipRefused({ sequence, detail }))
      if (position() >= sequence) return Effect.succeed({ isNews: false, deadLetterCount: 0 })
      const known = this.#given
      if (known !== undefined && known.order.sequence !== sequence) {
        return refuse(`an order for record ${known.order.sequence} is being carried out`)
      }
      if (known === undefined && this.#stopped?.sequence !== sequence) {
        const where = this.#stopped === undefined ? "no record" : `record ${this.#stopped.sequence}`
        return refuse(`it stands still at ${where}`)
      }
      const given = known ?? { order, report: Deferred.makeUnsafe<SkipReport>(), deadLetterCount: 0 }
      this.#given = given
      this.#ordered.openUnsafe()
      return Deferred.await(given.report).pipe(
        Effect.timeoutOrElse({
          duration: SKIP_TIMEOUT_MS,
          orElse: () => refuse(`it did not get past it within ${SKIP_TIMEOUT_MS} ms; order it again`),
        }),
        // The caller is told that nothing was skipped, so the order must not apply later.
        Effect.onError(() =>
          Effect.sync(() => {
            if (given === this.#given) this.#end()
          }),
        ),
      )
    })
  }

  #end(): void {
    this.#given = undefined
    this.#ordered.closeUnsafe()
  }
}
