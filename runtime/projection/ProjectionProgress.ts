/**
 * How far a projection is, what ails it, and who waits for it.
 *
 * Owns the status that operators see and the waiters of read-your-writes. Written by ProjectionRunner.ts alone.
 */
import { type Clock, Deferred, Effect, Schema } from "effect"
import type { ProjectionDefinition } from "./Projection.ts"

/**
 * `catching-up`: behind, and applying. `running`: applied what there was. `unavailable`: the database (or the
 * journal) does not answer; it goes on by itself. `stalled`: stopped at an event or a refusal that needs somebody.
 */
export const ProjectionState = Schema.Literals(["catching-up", "running", "unavailable", "stalled"])
export type ProjectionState = typeof ProjectionState.Type

export const ProjectionStatusSchema = Schema.Struct({
  name: Schema.String,
  version: Schema.Number,
  /** Everything up to and including this journal sequence is in the tables. */
  offset: Schema.Number,
  /** The journal's last known sequence less the offset. Commits of other actor types count too. */
  lag: Schema.Number,
  state: ProjectionState,
  /** Unix milliseconds since when it is in this state. */
  since: Schema.Number,
  /** The latest failure, also after recovery. */
  lastError: Schema.UndefinedOr(Schema.String),
  /** Events that this runner has put aside. */
  deadLetterCount: Schema.Number,
})
export interface ProjectionStatus extends Schema.Schema.Type<typeof ProjectionStatusSchema> {}

/** The projection had not come as far as asked within the time. It goes on; `status` says why it is late. */
export class ProjectionTimeout extends Schema.TaggedError<ProjectionTimeout>()("ProjectionTimeout", {
  projection: Schema.String,
  sequence: Schema.Number,
  timeoutMs: Schema.Number,
  status: ProjectionStatusSchema,
}) {
  override get message(): string {
    const { state, offset, lastError } = this.status
    const why = lastError === undefined ? "" : `, last error: ${lastError}`
    return `Projection ${this.projection} is at ${offset}, not at ${this.sequence} after ${this.timeoutMs} ms (${state}${why})`
  }
}

interface Waiter {
  readonly sequence: number
  readonly reached: Deferred.Deferred<void>
}

export class ProjectionProgress {
  readonly #projection: ProjectionDefinition
  readonly #clock: Clock.Clock
  readonly #waiters = new Set<Waiter>()
  #offset = 0
  #journalSequence = 0
  #state: ProjectionState = "catching-up"
  #since: number
  #lastError: string | undefined
  #deadLetterCount = 0

  constructor(projection: ProjectionDefinition, clock: Clock.Clock) {
    this.#projection = projection
    this.#clock = clock
    this.#since = clock.currentTimeMillisUnsafe()
  }

  get offset(): number {
    return this.#offset
  }

  get state(): ProjectionState {
    return this.#state
  }

  status(): ProjectionStatus {
    return {
      name: this.#projection.name,
      version: this.#projection.version,
      offset: this.#offset,
      lag: Math.max(0, this.#journalSequence - this.#offset),
      state: this.#state,
      since: this.#since,
      lastError: this.#lastError,
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
  failed(state: "unavailable" | "stalled", error: string): boolean {
    const isNews = state !== this.#state || error !== this.#lastError
    this.enter(state)
    this.#lastError = error
    return isNews
  }

  putAside(count: number): void {
    this.#deadLetterCount += count
  }

  waitFor(sequence: number, timeoutMs: number): Effect.Effect<void, ProjectionTimeout> {
    return Effect.suspend(() => {
      if (this.#offset >= sequence) return Effect.void
      const waiter: Waiter = { sequence, reached: Deferred.makeUnsafe() }
      this.#waiters.add(waiter)
      return Deferred.await(waiter.reached).pipe(
        Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => this.#timeout(sequence, timeoutMs) }),
        Effect.ensuring(Effect.sync(() => this.#waiters.delete(waiter))),
      )
    })
  }

  #timeout(sequence: number, timeoutMs: number): Effect.Effect<never, ProjectionTimeout> {
    const { name } = this.#projection
    return Effect.fail(
      new ProjectionTimeout({ projection: name, sequence, timeoutMs, status: this.status() }),
    )
  }
}
