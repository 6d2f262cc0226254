/**
 * One machine and what happens to it, to be run plain and durable; see Conformance.ts.
 *
 * Owns the shape only. A machine is made anew for each run, because a machine may hold things of its own.
 */
import type { AnyStateMachine } from "xstate"
import type { AnyEvent } from "../../runtime/event/Event.ts"

/** What a machine's custom actions say that they did. */
export type Note = (text: string) => void

export type ConformanceStep =
  /** Sends an event. */
  | AnyEvent
  /** Lets time pass; timers fire at their time. */
  | { readonly afterMs: number }

export interface ConformanceCase {
  readonly name: string
  readonly machine: (note: Note) => AnyStateMachine
  readonly steps: ReadonlyArray<ConformanceStep>
  /** Where it all leads, in part: that the case does what it is made for. */
  readonly ends: object
  /** Types of the events that it emits. */
  readonly emits?: ReadonlyArray<string>
}
