/**
 * The journal port: one totally ordered log of commits with one sub-log for each actor. The sequence of the
 * actor's last message guards each append. The log is the truth; everything else can be rebuilt from it.
 *
 * Owns the contract of every journal (test/contract/Journal.contract.ts runs it on all of them). Data is
 * bytes here, without a meaning. Next: ../commit/Commit.ts (the content of the bytes), then ../cell/Cell.ts.
 */
import { Context, type Effect, Schema, type Stream } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { errorClass } from "../error/EverstateError.ts"

/**
 * One stored message. `sequence` is its number in the whole journal, never used again; gaps are normal. It
 * ascends within a partition, and `sequence % partitionCount` is the partition (Partition.ts).
 */
export interface JournalRecord {
  readonly key: string
  readonly sequence: number
  readonly data: Uint8Array
}

/**
 * The outcome of the append is not known: it may be stored, may be stored later, or never. Read the actor's
 * last record and look for your own command ids before you decide again.
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

/**
 * The journal refused the append and stored nothing. Terminal for this append; `Full` and `NotPermitted` need
 * an operator.
 */
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

/** All errors of reading the journal. */
export type JournalReadError = JournalUnavailable | JournalRefused

/** Largest number of records in one page of {@link JournalService.read} or one batch of `follow`. */
export const JOURNAL_PAGE_RECORDS_MAX = 1_000

/** Size in bytes after which a page ends even with fewer records (a page holds at least one record). */
export const JOURNAL_PAGE_BYTES_MAX = 4 * 1024 * 1024

/**
 * Callbacks for the end of an append. One of them is called once, or none if the append was cancelled before.
 */
export interface AppendAnswer {
  /** The journal has acknowledged the append under this sequence. */
  readonly stored: (sequence: number) => void
  /** The append failed, or its outcome is unknown. */
  readonly failed: (error: AppendUnknown | JournalRefused) => void
}

/** An append in flight. `cancel` ignores its answer; the append may still be stored. */
export interface AppendUnderWay {
  /** Nobody waits for the answer any more. The append may be stored all the same. */
  readonly cancel: () => void
}

/** Appends a commit: as an effect, and by callback where the journal can. */
export interface Append {
  /**
   * Stores `data` as the actor's next message if its last message still has `expectedSequence` (0: it has no
   * message). Returns the new sequence after the journal has acknowledged it.
   */
  (
    address: ActorAddress,
    expectedSequence: number,
    data: Uint8Array,
  ): Effect.Effect<number, AppendUnknown | JournalRefused>
  /**
   * The same append at once and without a fiber, for the hot path; optional. `undefined`: it was answered
   * before this returned. It is a field of the function, so that a journal that wraps the `append` of another
   * journal does not offer the inner `begin` by accident.
   */
  readonly begin?: (
    address: ActorAddress,
    expectedSequence: number,
    data: Uint8Array,
    answer: AppendAnswer,
  ) => AppendUnderWay | undefined
}

/** All commits of all actors: appends that expect a sequence, reads, and followers in order. */
export interface JournalService {
  /**
   * Number of partitions of the journal, fixed at its creation. Each has its own order. All records of a
   * shard, and so of an actor, are in the partition `shard % partitionCount`.
   */
  readonly partitionCount: number
  /** Largest `data` of an append, in bytes: the server's limit less the room for headers. */
  readonly commitBytesMax: number
  /** Time after which an append without acknowledgement has an unknown outcome, in milliseconds. */
  readonly appendTimeoutMs: number
  readonly append: Append
  /** The actor's last record as the stream's leader knows it; `undefined` if it has none. */
  readonly last: (address: ActorAddress) => Effect.Effect<JournalRecord | undefined, JournalReadError>
  /**
   * One page of the actor's records with `after < sequence <= upTo`, ascending. Never empty while such
   * records exist; may fail with `Unavailable: Stale` if a replica lags behind `upTo`.
   */
  readonly read: (
    address: ActorAddress,
    range: { readonly after: number; readonly upTo: number },
  ) => Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError>
  /**
   * One page of the records with `after < sequence <= upTo`, ascending: of all actors of a shard, or without
   * a shard of the partition of `upTo`. The rules of {@link read} apply.
   */
  readonly scan: (range: {
    readonly after: number
    readonly upTo: number
    readonly shard?: number
  }) => Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError>
  /**
   * All records of the given actor types, or of all, in one partition after `after`, in order, in non-empty
   * batches, for ever. Resumes by itself after a lost connection, without gaps or repeats. Ends only by failing or being
   * interrupted.
   */
  readonly follow: (options: {
    readonly types: ReadonlyArray<string> | "all"
    readonly after: number
    readonly partition: number
  }) => Stream.Stream<ReadonlyArray<JournalRecord>, JournalRefused>
  /** Sequence of a partition's newest record as the leader knows it, 0 if the partition is empty. */
  readonly lastSequence: (partition: number) => Effect.Effect<number, JournalReadError>
  /** Sequence of a shard's newest record as the leader knows it, 0 if the shard is empty. */
  readonly lastOfShard: (shard: number) => Effect.Effect<number, JournalReadError>
  /** Succeeds while the journal is reachable and is still the journal that was verified at start. */
  readonly check: Effect.Effect<void, JournalReadError>
}

/** The port for the journal, as a service. */
export class Journal extends Context.Service<Journal, JournalService>()("everstate/journal/Journal") {}
