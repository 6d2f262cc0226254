/**
 * Operators' orders to rebuild a projection in place, at a partition that carries them out.
 *
 * Owns the orders until the runner has carried them out, and that an order which timed out does not apply
 * later. An order is one of two: to begin the whole projection again (`empty`), or to read the stored offset
 * again because another partition has begun it again (`look`). How they are carried out:
 * ProjectionPartition.ts. Who gives them: ../system/ProjectionControl.ts.
 */
import { Deferred, Effect, Latch, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/**
 * Longest time that a partition has for an order, in milliseconds: longer than one statement of the database
 * may take.
 */
export const REBUILD_TIMEOUT_MS = 40_000

/** What a partition is told to do. */
export type RebuildStep = "empty" | "look"

/** The partition has not begun again: it runs elsewhere, the database refused, or it did not get to it in time. */
export class RebuildRefused extends errorClass<RebuildRefused>()(
  "RebuildRefused",
  {
    projection: Schema.String,
    reason: Schema.Literals(["Refused", "NotHere", "NotInTime"]),
    detail: Schema.String,
  },
  {
    kind: "terminal",
    retry: { later: ["NotHere", "NotInTime"], otherwise: "never" },
    hint: "Order it again; a repeat begins again from the first record.",
  },
) {
  override get message(): string {
    return `Projection ${this.projection} is not rebuilt: ${this.detail}`
  }
}

/** Who orders a rebuild, and why: for the log and the cluster's events. */
export interface RebuildOrder {
  readonly by: string
  readonly note: string
}

/** What a member answers to the questions `rebuild` and `rebuilt` (../system/MemberAnswers.ts). */
export interface RebuildAnswer {
  readonly rebuilt?: boolean
  readonly refused?: Pick<RebuildRefused, "reason" | "detail">
}

/** One order at a partition, and its outcome. */
interface WaitingOrder {
  readonly step: RebuildStep
  readonly done: Deferred.Deferred<void, RebuildRefused>
}

export class Rebuild {
  readonly #projection: string
  readonly #waiting = new Set<WaitingOrder>()
  readonly #ordered = Latch.makeUnsafe(false)

  constructor(projection: string) {
    this.#projection = projection
  }

  /** Returns while an order waits. */
  get ordered(): Effect.Effect<void> {
    return this.#ordered.await
  }

  /** The orders that wait now. The runner takes them before it reads the stored offset. */
  waiting(): ReadonlyArray<WaitingOrder> {
    return [...this.#waiting]
  }

  /** These orders are carried out, or refused. Orders that came since wait on. */
  end(orders: ReadonlyArray<WaitingOrder>, outcome: Effect.Effect<void, RebuildRefused> = Effect.void): void {
    for (const order of orders) {
      this.#withdraw(order)
      Deferred.doneUnsafe(order.done, outcome)
    }
  }

  /** Gives an order and waits until it is carried out. */
  order(step: RebuildStep): Effect.Effect<void, RebuildRefused> {
    return Effect.suspend(() => {
      const order: WaitingOrder = { step, done: Deferred.makeUnsafe() }
      this.#waiting.add(order)
      this.#ordered.openUnsafe()
      const detail = `it had not begun again after ${REBUILD_TIMEOUT_MS} ms; its position says whether it does`
      return Deferred.await(order.done).pipe(
        Effect.timeoutOrElse({
          duration: REBUILD_TIMEOUT_MS,
          orElse: () => Effect.fail(this.refusal("NotInTime", detail)),
        }),
        Effect.ensuring(Effect.sync(() => this.#withdraw(order))),
      )
    })
  }

  refusal(reason: RebuildRefused["reason"], detail: string): RebuildRefused {
    return new RebuildRefused({ projection: this.#projection, reason, detail })
  }

  #withdraw(order: WaitingOrder): void {
    this.#waiting.delete(order)
    if (this.#waiting.size === 0) this.#ordered.closeUnsafe()
  }
}
