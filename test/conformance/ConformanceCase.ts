/**
 * One machine and what happens to it, to be run plain and durable; and the constructs of XState that machines are grouped by.
 *
 * Owns the shapes only. A machine is made anew for each run, because a machine may hold things of its own. The runs:
 * Conformance.ts. All of them: ConformanceSet.ts.
 */
import type { AnyStateMachine } from "xstate"
import type { AnyEvent } from "../../runtime/event/Event.ts"

/** What a machine's custom actions say that they did. */
export type Note = (text: string) => void

export type ConformanceStep =
  /** Sends an event. */
  | AnyEvent
  /** Sends an event of this type without a payload. */
  | string
  /** Lets time pass; timers fire at their time. */
  | { readonly afterMs: number }
  | number

export interface ConformanceCase {
  readonly name: string
  readonly machine: (note: Note) => AnyStateMachine
  readonly steps: ReadonlyArray<ConformanceStep>
  /** Where it all leads in XState, in part: that the case does what it is made for. */
  readonly ends: object
  /** What it is born with, besides its id. */
  readonly input?: object
  /** Types of the events that it emits. */
  readonly emits?: ReadonlyArray<string>
  /** The machine, or an event, is refused. */
  readonly refused?: Refusal
  /** The durable run is another one than XState's. */
  readonly differs?: Difference
}

export interface Refusal {
  /** The definition is refused; or an event, which changes nothing then. */
  readonly at: "definition" | "event"
  /** What the error says, in part. */
  readonly says: string
  /** For the page: what is refused and why, and what to write instead. */
  readonly why: string
}

export interface Difference {
  /** Where the durable run ends, in part. */
  readonly ends: object
  /** For the page: what is different, and why. */
  readonly why: string
}

/** A construct of XState, with machines that use it. */
export interface Construct {
  readonly construct: string
  readonly cases: ReadonlyArray<ConformanceCase>
}

export const eventOf = (step: ConformanceStep): AnyEvent | undefined => {
  if (typeof step === "string") return { type: step }
  return typeof step === "number" || "afterMs" in step ? undefined : step
}

/** How long a step lasts, in milliseconds; 0 for events. */
export const durationOf = (step: ConformanceStep): number => {
  if (typeof step === "number") return step
  return typeof step === "object" && "afterMs" in step ? (step as { afterMs: number }).afterMs : 0
}
