/**
 * The journal port: one totally ordered log of commits, one sub-log per actor, appends guarded by the sequence
 * of the actor's last message. The log is the truth; everything else can be rebuilt from it.
 *
 * Owns the contract that every journal honours (test/contract/Journal.contract.ts runs it on all of them).
 * Does not know what a commit means: data is bytes here. Next: ../commit/Commit.ts (what the bytes say), then
 * ../cell/Cell.ts.
 */
import { Context, type Effect, Schema, type Stream } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { errorClass } from "../error/EverstateError.ts"

/**
 * One stored message. `sequence` is its place in the whole journal, never reused; gaps are normal. It ascends within a
 * partition, and `sequence % partitionCount` is the partition (Partition.ts).
 */
export interface JournalRecord {
  readonly key: string
  readonly sequence: number
  readonly data: Uint8Array
}

/**
 * The append's outcome is not known: it may be stored, may land later, or may never. Read the actor's last
 * record and look for your own command ids before you decide again.
 */
export class AppendUnknown extends errorClass<AppendUnknown>()(
  "AppendUnknown",
  {
    reason: Schema.Literals(["Timeout", "Unavailable", "WrongSequence", "InFlight", "Disconnected"]),
    detail: Schema.String,
  },
  { kind: "transient", retry: "later", hint: "Read the actor's last record before you decide again." },
) {
  override get message(): string {
    return `Append outcome unknown (${this.reason}): ${this.detail}`
  }
}

/** The journal said no and stored nothing. Terminal for this append; `Full` and `NotPermitted` need an operator. */
export class JournalRefused extends errorClass<JournalRefused>()(
  "JournalRefused",
  {
    reason: Schema.Literals([
      "Full",
      "TooLarge",
      "NotPermitted",
      "Replaced",
      "Missing",
      "Unsafe",
      "Foreign",
      "Corrupt",
    ]),
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: { later: ["Full"], otherwise: "never" } },
) {
  override get message(): string {
    return `Journal refused (${this.reason}): ${this.detail}. ${this.hint}`
  }
}

/** A read could not be answered now. Transient: retry on a bounded schedule. */
export class JournalUnavailable extends errorClass<JournalUnavailable>()(
  "JournalUnavailable",
  {
    reason: Schema.Literals(["Timeout", "NoResponders", "Stale", "Disconnected", "Other"]),
    detail: Schema.String,
  },
  {
    kind: "transient",
    retry: "later",
    hint: "Look at NATS; a call that goes on by itself does so once NATS answers.",
  },
) {
  override get message(): string {
    return `Journal unavailable (${this.reason}): ${this.detail}`
  }
}

export type JournalReadError = JournalUnavailable | JournalRefused

/** Most records that one page of {@link JournalService.read} or one batch of `follow` may hold. */
export const JOURNAL_PAGE_RECORDS_MAX = 1_000

/** Bytes after which a page is cut even when it has fewer records (a page holds at least one record). */
export const JOURNAL_PAGE_BYTES_MAX = 4 * 1024 * 1024

/** Told once how an append ended; not at all where it was cancelled before. */
export interface AppendAnswer {
  /** The journal has acknowledged it under this sequence. */
  readonly stored: (sequence: number) => void
  readonly failed: (error: AppendUnknown | JournalRefused) => void
}

/** An append on its way. `cancel` forgets its answer; what was sent may be stored all the same. */
export interface AppendUnderWay {
  readonly cancel: () => void
}

export interface Append {
  /**
   * Stores `data` as the actor's next message if its last one still has `expectedSequence` (0: it has none).
   * Returns the new sequence once the journal has acknowledged it.
   */
  (
    address: ActorAddress,
    expectedSequence: number,
    data: Uint8Array,
  ): Effect.Effect<number, AppendUnknown | JournalRefused>
  /**
   * The same at once and without a fiber, for the hot path; optional. `undefined`: it was answered before this returned.
   * It belongs to the function, so that a journal which puts an `append` of its own around another's does not offer the
   * inner one by accident.
   */
  readonly begin?: (
    address: ActorAddress,
    expectedSequence: number,
    data: Uint8Array,
    answer: AppendAnswer,
  ) => AppendUnderWay | undefined
}

export interface JournalService {
  /**
   * Parts that the journal is kept in, each in an order of its own, fixed at its creation. All of a shard, and so of an
   * actor, is in one of them: `shard % partitionCount`.
   */
  readonly partitionCount: number
  /** Largest `data` that an append accepts, in bytes: the server's limit less the room for headers. */
  readonly commitBytesMax: number
  /** An append that was not acknowledged for so long has an unknown outcome, in milliseconds. */
  readonly appendTimeoutMs: number
  readonly append: Append
  /** The actor's last record as the stream's leader knows it, `undefined` if it has none. */
  readonly last: (address: ActorAddress) => Effect.Effect<JournalRecord | undefined, JournalReadError>
  /**
   * One page of the actor's records with `after < sequence <= upTo`, ascending. Never returns an empty page while
   * such records exist; may fail with `Unavailable: Stale` where a replica lags behind `upTo`.
   */
  readonly read: (
    address: ActorAddress,
    range: { readonly after: number; readonly upTo: number },
  ) => Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError>
  /**
   * One page of the records with `after < sequence <= upTo` of all actors of a shard, or without one of the partition
   * of `upTo`; ascending, under the same rules as {@link read}.
   */
  readonly scan: (range: {
    readonly after: number
    readonly upTo: number
    readonly shard?: number
  }) => Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError>
  /**
   * All records of the given actor types in one partition after `after`, in order, in non-empty batches, for ever.
   * Resumes by itself after a lost connection, without gaps or repeats. Ends only by failing or being interrupted.
   */
  readonly follow: (options: {
    readonly types: ReadonlyArray<string>
    readonly after: number
    readonly partition: number
  }) => Stream.Stream<ReadonlyArray<JournalRecord>, JournalRefused>
  /** Sequence of the newest record of a partition, 0 when empty, as the leader knows it. */
  readonly lastSequence: (partition: number) => Effect.Effect<number, JournalReadError>
  /** Sequence of the newest record of a shard, likewise. */
  readonly lastOfShard: (shard: number) => Effect.Effect<number, JournalReadError>
  /** Succeeds while the journal is reachable and still the one that was verified at start. */
  readonly check: Effect.Effect<void, JournalReadError>
}

export class Journal extends Context.Service<Journal, JournalService>()("everstate/journal/Journal") {}
