/**
 * How far a reactor is, what it did, and what ails it.
 *
 * Owns the status that operators see. Written by ReactorRunner.ts alone.
 */
import { type Clock, Schema } from "effect"
import { ProjectionState } from "../projection/ProjectionProgress.ts"

export const ReactorStatusSchema = Schema.Struct({
  name: Schema.String,
  /** Everything up to and including this journal sequence is handled and sent. */
  position: Schema.Number,
  /** The journal's last known sequence less the position. Commits of other actor types count too. */
  lag: Schema.Number,
  /** As of a projection; `unavailable` where what it sends is not taken, or its position cannot be stored. */
  state: ProjectionState,
  /** Unix milliseconds since when it is in this state. */
  since: Schema.Number,
  /** The latest failure, also after recovery. */
  lastError: Schema.UndefinedOr(Schema.String),
  /** Events handled by this runner; those that became dead letters are not among them. */
  handledCount: Schema.Number,
  /** Messages and integration events sent by this runner. */
  sentCount: Schema.Number,
  /** Events that this runner gave up on: each is a dead letter. */
  failedCount: Schema.Number,
})
export interface ReactorStatus extends Schema.Schema.Type<typeof ReactorStatusSchema> {}

export class ReactorProgress {
  readonly #name: string
  readonly #clock: Clock.Clock
  #position = 0
  #journalSequence = 0
  #state: ProjectionState = "catching-up"
  #since: number
  #lastError: string | undefined
  handledCount = 0
  sentCount = 0
  failedCount = 0

  constructor(name: string, clock: Clock.Clock) {
    this.#name = name
    this.#clock = clock
    this.#since = clock.currentTimeMillisUnsafe()
  }

  get state(): ProjectionState {
    return this.#state
  }

  status(): ReactorStatus {
    return {
      name: this.#name,
      position: this.#position,
      lag: Math.max(0, this.#journalSequence - this.#position),
      state: this.#state,
      since: this.#since,
      lastError: this.#lastError,
      handledCount: this.handledCount,
      sentCount: this.sentCount,
      failedCount: this.failedCount,
    }
  }

  moveTo(position: number): void {
    this.#position = position
    this.sawSequence(position)
  }

  /** A sequence that the journal has. */
  sawSequence(sequence: number): void {
    this.#journalSequence = Math.max(this.#journalSequence, sequence)
  }

  enter(state: ProjectionState): void {
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#clock.currentTimeMillisUnsafe()
  }

  /** Returns whether this is news: another state or another error. */
  failed(state: ProjectionState, error: string): boolean {
    const isNews = state !== this.#state || error !== this.#lastError
    this.enter(state)
    this.#lastError = error
    return isNews
  }
}
