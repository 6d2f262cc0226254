// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * `defineCall(...)`: a durable call, the logic of an `invoke`. It is made at least once, and its outcome is
 * stored as an event.
 *
 * Owns the user's options and their defaults. Plain `fromPromise` logic is a call that is made once
 * (PromiseLogic.ts). Who makes calls, and makes them again after a crash: CallRunner.ts.
 */

import { fromPromise, type NonReducibleUnknown, type PromiseActorLogic } from "xstate"
import { EverstateError } from "../error/EverstateError.ts"
import type { StoredValue } from "../json/StoredValue.ts"

/** Arguments of a call's function. */
export interface CallArgs<Input> {
  readonly input: Input
  /**
   * Key that is the same for all attempts of this call and different for every other call. Give it to the
   * called service, so that it does the work once even if an answer is lost.
   */
  readonly idempotencyKey: string
  /** Aborted when the attempt's time is over, the machine leaves the state, or the process stops. */
  readonly signal: AbortSignal
  /** Tells that the call is alive, so its time-out starts again. */
  readonly heartbeat: () => void
  /** Number of the attempt, from 1. */
  readonly attempt: number
}

/** Attempts, time-out and pauses of a durable call. */
export interface CallOptions {
  /** Longest time of one attempt without a heartbeat, in milliseconds; default 30,000. */
  readonly timeoutMs?: number
  /** Largest number of attempts; default 5. Attempts that a crash interrupted count. */
  readonly attemptsMax?: number
  /** Pause before the second attempt, in milliseconds; it doubles, with jitter. Default 200. */
  readonly pauseFirstMs?: number
  /** Longest pause, in milliseconds; default 30,000. */
  readonly pauseMaxMs?: number
}

export const CALL_DEFAULTS: Required<CallOptions> = {
  timeoutMs: 30_000,
  attemptsMax: 5,
  pauseFirstMs: 200,
  pauseMaxMs: 30_000,
}

/**
 * Thrown by the function of a call when a retry is useless because the called service refused. Any other
 * error is retried. `reason` and `detail` (plain JSON) reach the machine as `event.error`.
 */
export class CallRefused extends EverstateError {
  readonly _tag = "CallRefused"
  readonly kind = "rejection"
  readonly retry = "never"
  readonly hint = "The other side says no: do something else."
  override readonly name = "CallRefused"
  readonly reason: string
  readonly detail: unknown

  constructor(reason: string, detail?: unknown) {
    super(`refused: ${reason}`)
    this.reason = reason
    this.detail = detail
  }
}

/** Type of `event.error` in the `onError` of a `defineCall(...)`. */
export interface CallError {
  /** The reason of {@link CallRefused}, or `Failed`, or `TimedOut`. */
  readonly reason: string
  readonly message: string
  readonly detail?: unknown
  readonly attemptCount: number
  /** Error of the last attempt, if the reason is `Failed`. Its class may be lost; its fields are kept. */
  readonly thrown?: unknown
}

/**
 * How a call ended. The event that the actor stores holds the stored forms under other names
 * (../event/CallEnd.ts).
 */
export type CallOutcome =
  | {
      readonly ok: true
      readonly output: unknown
      /** Stored form of the output, if it is not plain JSON. */
      readonly raw?: StoredValue
    }
  | {
      readonly ok: false
      readonly error: CallError
      /** Stored form of the error of a plain `fromPromise`: it is `event.error` as a whole. */
      readonly raw?: StoredValue
      /** Stored form of `thrown` of {@link CallError}. */
      readonly thrown?: StoredValue
    }

/** Names of a call in its machine. */
export interface CallPlace {
  /** Id of the invocation; for a child's call the path of ids from the machine to it. */
  readonly name: string
  /** Name of the logic; for a child's call the path of names. */
  readonly src: string
}

/** The function of a call with its options. */
export interface CallLogic {
  readonly run: (args: CallArgs<any>, place?: CallPlace) => unknown
  readonly options: Required<CallOptions>
  /**
   * Whether XState's `fromPromise` made the logic: then the machine gets the thrown error itself, as in
   * XState.
   */
  readonly isPlain?: boolean
}

export const CALL: unique symbol = Symbol.for("everstate/call")

/**
 * Logic for `invoke`: `setup({ actors: { capture: defineCall(async ({ input, idempotencyKey, signal }) =>
 * ...) } })`. Input and output may be any value that a context may hold; `CallRefused.detail` is plain JSON.
 */
export const defineCall = <Output, Input>(
  run: (args: CallArgs<Input>) => PromiseLike<Output> | Output,
  options: CallOptions = {},
): PromiseActorLogic<Output, Input & NonReducibleUnknown> => {
  const logic = fromPromise<Output, any>(() => {
    throw new Error("A durable call is made by the system that hosts the actor.")
  })
  const made: CallLogic = { run, options: { ...CALL_DEFAULTS, ...options } }
  return Object.assign(logic, { [CALL]: made })
}
