/**
 * The checkpoint port: named numbers and notes that survive the process, such as how far an outbox was dispatched.
 *
 * Owns the contract (test/contract/Checkpoints.contract.ts). Values only guide where work is taken up again; losing
 * one costs repeated work, never correctness.
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

export interface CheckpointsService {
  /** The position under a name (letters, digits, `_`, `-`, with dots between), 0 where there is none. May be older than the newest one. */
  readonly position: (name: string) => Effect.Effect<number, CheckpointsUnavailable>
  /** Moves a position forward; a lower one than is stored changes nothing. */
  readonly advance: (name: string, position: number) => Effect.Effect<void, CheckpointsUnavailable>
  /** The note under a name: JSON, a few kilobytes at most. */
  readonly note: (name: string) => Effect.Effect<unknown, CheckpointsUnavailable>
  /** Writes a note; the last one wins. `undefined` removes it. */
  readonly write: (name: string, note: unknown) => Effect.Effect<void, CheckpointsUnavailable>
}

/** The position in a stored value; 0, which repeats work, where the value is no position. */
export const positionIn = (stored: unknown): number =>
  Number.isSafeInteger(stored) && (stored as number) > 0 ? (stored as number) : 0

export class Checkpoints extends Context.Service<Checkpoints, CheckpointsService>()(
  "everstate/checkpoint/Checkpoints",
) {}
