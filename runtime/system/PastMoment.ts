/**
 * A moment in an actor's past, a version or a time, and what the actor was then.
 *
 * Owns the check of a moment. History.ts and PastFold.ts fold up to it.
 */
import { Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"
import type { MachineState } from "../machine/Machine.ts"

/**
 * Which state of the past is wanted. A version beyond the last, or a time to come, gives the newest state.
 */
export type PastMoment = { readonly version: number } | { readonly time: number | Date }

/** A state of the past. `at` is the time of its last event, or of its birth, Unix milliseconds; absent before both. */
export interface PastState<State = MachineState> {
  readonly version: number
  readonly state: State
  readonly at?: number
}

/** The moment is neither a version nor a time. */
export class InvalidMoment extends errorClass<InvalidMoment>()(
  "InvalidMoment",
  {
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return this.hint
  }
}

/** The moment with its time in Unix milliseconds. */
export const boundOf = (
  moment: PastMoment,
): Effect.Effect<{ readonly version: number } | { readonly time: number }, InvalidMoment> =>
  Effect.suspend(() => {
    const given: Partial<Record<"version" | "time", unknown>> = Object(moment)
    const isVersion = given.version !== undefined
    const bound = Number(isVersion ? given.version : given.time)
    if (Number.isFinite(bound) && bound >= 0) {
      return Effect.succeed(isVersion ? { version: Math.floor(bound) } : { time: bound })
    }
    const hint = "Give { version } as a whole number from 0 or { time } as a valid date."
    return Effect.fail(new InvalidMoment({ hint }))
  })
