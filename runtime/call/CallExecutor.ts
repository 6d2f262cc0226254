/**
 * Makes one attempt of a call: runs the user's function and returns its outcome.
 *
 * Owns the way from a promise to an Effect. It is a reference, so that a simulation can replace it. Retries:
 * CallRunner.ts.
 */
import { Context, Effect } from "effect"
import type { CallArgs, CallLogic, CallPlace } from "./Call.ts"

/** One attempt, as an executor sees it. */
export interface CallAttempt extends CallPlace {
  readonly actorType: string
  readonly logic: CallLogic
  /** W3C traceparent of the trace that the call belongs to. */
  readonly trace?: string | undefined
  readonly args: Omit<CallArgs<unknown>, "signal">
}

/** Gives the output, or fails with the error that the function threw. Interrupting it aborts the signal. */
export type ExecuteCall = (attempt: CallAttempt) => Effect.Effect<unknown, unknown>

const runFunction: ExecuteCall = ({ logic, args, name, src }) =>
  Effect.tryPromise({
    try: async (signal) => await logic.run({ ...args, signal }, { name, src }),
    catch: (cause) => cause,
  })

export const CallExecutor: Context.Reference<ExecuteCall> = Context.Reference<ExecuteCall>(
  "everstate/call/CallExecutor",
  { defaultValue: () => runFunction },
)
