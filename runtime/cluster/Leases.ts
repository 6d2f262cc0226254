/**
 * The lease port: a few hundred small records that all members see and change by compare-and-set. Members renew a
 * record of their own in it; another one per slot says who has the slot, and under which epoch.
 *
 * Owns the contract (test/contract/Leases.contract.ts). The store knows no time: each member judges by its own clock whether
 * a record has expired (Membership.ts). Correctness rests on the journal's check alone: a store that is late or lost costs
 * moves, never commits.
 */
import { Context, type Effect, Schema, type Stream } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/**
 * A record. Every write, a removal too, gives it a higher revision; revisions of one store ascend. Only a store that
 * lost its last writes, as after a power cut, gives some of them again.
 */
export interface LeaseRecord {
  /** Letters, digits, `_`, `-`, with dots between. */
  readonly key: string
  readonly revision: number
  /** JSON, a few kilobytes at most (`undefined` is written as `null`); `undefined` once it was removed. */
  readonly value: unknown
}

/** That a record is being written. */
export interface LeaseHint {
  readonly key: string
  /** Revision that is written over: once the write is done the record has a higher one. 0 where that is not known. */
  readonly after: number
  /** What is written, unless the write is refused; `undefined`: the record is removed. */
  readonly value: unknown
}

/** Somebody else has written the record meanwhile: read it again. */
export class LeaseConflict extends errorClass<LeaseConflict>()(
  "LeaseConflict",
  {
    key: Schema.String,
  },
  { kind: "conflict", retry: "later", hint: "Read the record again." },
) {
  override get message(): string {
    return `Lease record ${this.key} was changed by somebody else`
  }
}

/** The store cannot be used now; a write may have happened all the same. Transient. */
export class LeasesUnavailable extends errorClass<LeasesUnavailable>()(
  "LeasesUnavailable",
  {
    reason: Schema.Literals(["Timeout", "NoResponders", "Disconnected", "NotPermitted", "Other"]),
    detail: Schema.String,
  },
  { kind: "transient", retry: "later", hint: "Look at NATS; nodes try again by themselves." },
) {
  override get message(): string {
    return `Leases are unavailable (${this.reason}): ${this.detail}`
  }
}

/** All errors of writing a lease. */
export type LeaseWriteError = LeaseConflict | LeasesUnavailable

/** Records by key, with revisions: compare-and-set, and hints of changes. */
export interface LeasesService {
  /** False: nobody else can reach this store, so what is in it never expires, and nothing has to be renewed. */
  readonly isShared: boolean
  /**
   * All records. May be older than the newest ones, and of different ages: keep the highest revision that was seen of
   * each. Removed ones are listed without a value for an hour, and then no more.
   */
  readonly all: Effect.Effect<ReadonlyArray<LeaseRecord>, LeasesUnavailable>
  /** One record as the store's leader knows it, `undefined` where there is none. */
  readonly get: (key: string) => Effect.Effect<LeaseRecord | undefined, LeasesUnavailable>
  /**
   * Writes if the record still has `revision` (0: there is none; for an hour after its removal that of the removal).
   * Returns the new revision. After `LeasesUnavailable` the write may still land, seconds later even.
   */
  readonly write: (key: string, value: unknown, revision: number) => Effect.Effect<number, LeaseWriteError>
  /**
   * Removes the value under the same condition; who holds an older revision meets a conflict. `keptMs`: how long the
   * removed record is listed without a value, an hour by default; rounded up to whole seconds by some stores.
   */
  readonly remove: (key: string, revision: number, keptMs?: number) => Effect.Effect<void, LeaseWriteError>
  /**
   * Records that are being written, by anybody, as a hint to look: early, late, repeated or lost, for nothing if the
   * write is refused, and none where permissions forbid them. Never ends.
   */
  readonly changes: Stream.Stream<LeaseHint>
}

/** The port for leases, as a service. */
export class Leases extends Context.Service<Leases, LeasesService>()("everstate/cluster/Leases") {}
