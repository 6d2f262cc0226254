/**
 * The checkpoint port: named numbers and notes that survive the process, such as the watermark of an outbox.
 *
 * Owns the contract (test/contract/Checkpoints.contract.ts). Values only say where work resumes. Losing one
 * costs repeated work, never correctness.
 */
import { Context, type Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** The store cannot be used now. Transient. */
export class CheckpointsUnavailable extends errorClass<CheckpointsUnavailable>()(
  "CheckpointsUnavailable",
  { detail: Schema.String },
  { kind: "transient", retry: "later", hint: "Look at NATS; work goes on once it answers." },
) {
  override get message(): string {
    return `Checkpoints are unavailable: ${this.detail}`
  }
}

/** A position and a note by name, kept when the process ends. */
export interface CheckpointsService {
  /**
   * The position under a name (letters, digits, `_`, `-`, with dots between), 0 if there is none. It may be
   * older than the newest.
   */
  readonly position: (name: string) => Effect.Effect<number, CheckpointsUnavailable>
  /** Moves a position forward; a position lower than the stored one changes nothing. */
  readonly advance: (name: string, position: number) => Effect.Effect<void, CheckpointsUnavailable>
  /** The note under a name: JSON, a few kilobytes at most. */
  readonly note: (name: string) => Effect.Effect<unknown, CheckpointsUnavailable>
  /** Writes a note; the last writer wins. `undefined` removes it. */
  readonly write: (name: string, note: unknown) => Effect.Effect<void, CheckpointsUnavailable>
}

/** The position in a stored value; 0, which repeats work, if the value is no position. */
export const positionIn = (stored: unknown): number =>
  Number.isSafeInteger(stored) && (stored as number) > 0 ? (stored as number) : 0

/** The port for checkpoints, as a service. */
export class Checkpoints extends Context.Service<Checkpoints, CheckpointsService>()(
  "everstate/checkpoint/Checkpoints",
) {}
