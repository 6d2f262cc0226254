// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * `defineCall(...)`: a durable call, the logic of an `invoke`. Made at least once, its outcome stored as an event.
 *
 * Owns what a user writes and its defaults. Plain `fromPromise` logic is a call that is made once (PromiseLogic.ts). Who
 * makes calls, and again after a crash: CallRunner.ts.
 */

import { fromPromise, type NonReducibleUnknown, type PromiseActorLogic } from "xstate"
import { EverstateError } from "../error/EverstateError.ts"
import type { StoredValue } from "../json/StoredValue.ts"

/** What the function of a call is given. */
export interface CallArgs<Input> {
  readonly input: Input
  /**
   * The same for every attempt of this call, different for every other: give it to the other side, so that an attempt
   * whose answer was lost is not done twice there.
   */
  readonly idempotencyKey: string
  /** Aborted when the attempt's time is up, the machine leaves the state, or the process stops. */
  readonly signal: AbortSignal
  /** Says that the call is alive: its time-out starts again. */
  readonly heartbeat: () => void
  /** From 1. */
  readonly attempt: number
}

export interface CallOptions {
  /** Time for one attempt without a heartbeat, in milliseconds; default 30,000. */
  readonly timeoutMs?: number
  /** Attempts before the call has failed for good; default 5. Attempts that a crash cut off count. */
  readonly attemptsMax?: number
  /** Pause before the second attempt, in milliseconds, doubling with jitter; default 200. */
  readonly pauseFirstMs?: number
  /** Longest such pause, in milliseconds; default 30,000. */
  readonly pauseMaxMs?: number
}

export const CALL_DEFAULTS: Required<CallOptions> = {
  timeoutMs: 30_000,
  attemptsMax: 5,
  pauseFirstMs: 200,
  pauseMaxMs: 30_000,
}

/**
 * Thrown by the function of a call when trying again is no use: the other side said no. Any other error is tried
 * again. `reason` and `detail` (plain JSON) reach the machine as `event.error`.
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

/** What `event.error` of the `onError` of a `defineCall(...)` is. */
export interface CallError {
  /** The reason of {@link CallRefused}, or `Failed`, or `TimedOut`. */
  readonly reason: string
  readonly message: string
  readonly detail?: unknown
  readonly attemptCount: number
  /** What the last attempt threw, where the reason is `Failed`; its class may be lost, its fields are kept. */
  readonly thrown?: unknown
}

/** How a call ended. Stored forms are in their places in the event that the actor stores (../event/CallEnd.ts). */
export type CallOutcome =
  | {
      readonly ok: true
      readonly output: unknown
      /** Stored form of the output, where it is no plain JSON. */
      readonly raw?: StoredValue
    }
  | {
      readonly ok: false
      readonly error: CallError
      /** Stored form of what a plain `fromPromise` threw: it is `event.error` as a whole. */
      readonly raw?: StoredValue
      /** Stored form of `thrown` of {@link CallError}. */
      readonly thrown?: StoredValue
    }

/** Where a call stands in its machine. */
export interface CallPlace {
  /** Id of the invocation; of a child's call the path of ids from the machine to it. */
  readonly name: string
  /** Name of the logic; of a child's call the path of names. */
  readonly src: string
}

/** The function of a call with its options. */
export interface CallLogic {
  readonly run: (args: CallArgs<any>, place?: CallPlace) => unknown
  readonly options: Required<CallOptions>
  /** Made by XState's `fromPromise`: the machine is given what was thrown, as in XState. */
  readonly isPlain?: boolean
}

export const CALL: unique symbol = Symbol.for("everstate/call")

/**
 * Logic for `invoke`: `setup({ actors: { capture: defineCall(async ({ input, idempotencyKey, signal }) => ...) } })`.
 * Input and output are what a context may hold; `CallRefused.detail` is plain JSON.
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
