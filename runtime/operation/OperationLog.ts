/**
 * The port for the log of operations: what operators did, with who, when and why.
 *
 * Owns the shape and the contract (../contract/OperationLogContract.ts). An operation is stored before it is
 * done, and its outcome afterwards; one without an outcome was begun by a process that went down since. Commands
 * of actors and sagas are in their own history. A gateway writes the log (infra/gateway).
 */
import { Context, type Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** What an operator is about to do. */
export interface Operation {
  /** Unix milliseconds. */
  readonly atMs: number
  /** Name of the operator; undefined if nobody knows it. */
  readonly by: string | undefined
  /** What is done, as in `cluster.drain` or `deadLetters.redrive`. */
  readonly verb: string
  /** To what, as in `/cluster/members/n-1/drain`. */
  readonly target: string
  /** Reason that the operator gave; empty without one. */
  readonly note: string
}

/** An operation in the log. `number` orders all operations, ascending. */
export interface StoredOperation extends Operation {
  readonly number: number
  /** `done`, or why it failed; undefined while it runs, or if its process went down. */
  readonly outcome: string | undefined
}

/** Operations on one page: the default, and the maximum. */
export const OPERATIONS_PAGE_DEFAULT = 100
export const OPERATIONS_PAGE_MAX = 1_000

/** The log of operations cannot be read or written now. */
export class OperationLogUnavailable extends errorClass<OperationLogUnavailable>()(
  "OperationLogUnavailable",
  { detail: Schema.String },
  { kind: "transient", retry: "later", hint: "Look at Postgres, and try again." },
) {
  override get message(): string {
    return `The log of operations is unavailable: ${this.detail}`
  }
}

/** What a log of operations does. */
export interface OperationLogService {
  /** Stores an operation that is about to be done. Returns its number. */
  readonly begin: (operation: Operation) => Effect.Effect<number, OperationLogUnavailable>
  /** Stores the outcome. An outcome that is stored already stays. */
  readonly end: (number: number, outcome: string) => Effect.Effect<void, OperationLogUnavailable>
  /** Operations before a number (default: all), newest first. */
  readonly list: (options?: {
    readonly before?: number
    /** 1 to 1,000, default 100. */
    readonly limit?: number
  }) => Effect.Effect<ReadonlyArray<StoredOperation>, OperationLogUnavailable>
}

/** The port. A system without it keeps the log in memory. */
export class OperationLog extends Context.Service<OperationLog, OperationLogService>()(
  "everstate/operation/OperationLog",
) {}
