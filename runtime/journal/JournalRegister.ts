/**
 * The register port: remembers, outside of the journal, which journal a system has and its highest known
 * sequences.
 *
 * A journal that was deleted, re-created or restored from an older copy looks healthy by itself. The register
 * tells the difference. It is written at start, raised when projections and snapshots advance, and read at
 * start.
 */
import { Context, type Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** The register cannot be reached. Transient. */
export class JournalRegisterUnavailable extends errorClass<JournalRegisterUnavailable>()(
  "JournalRegisterUnavailable",
  { detail: Schema.String },
  { kind: "transient", retry: "later", hint: "Look at Postgres: it keeps the register." },
) {
  override get message(): string {
    return `Journal register unavailable: ${this.detail}`
  }
}

/** The register's record of one stream of the journal. */
export interface JournalStreamIdentity {
  /** Id that tells the stream apart from another stream of the same name. */
  readonly streamId: string
  /** Highest sequence in this partition that a snapshot or projection has seen. */
  readonly lastSequence: number
}

/** The register's record of a namespace's journal. */
export interface JournalIdentity {
  readonly namespace: string
  /** Number of shards, fixed at creation. */
  readonly shards: number
  /**
   * The streams, one for each partition, in the order of the partitions. Their number is fixed at creation.
   */
  readonly streams: ReadonlyArray<JournalStreamIdentity>
}

/** Remembers which journal belongs to a namespace, apart from the journal. */
export interface JournalRegisterService {
  /** The journal that is recorded for a namespace. */
  readonly load: (namespace: string) => Effect.Effect<JournalIdentity | undefined, JournalRegisterUnavailable>
  /** Records a journal for the first time; an existing record stays as it is. */
  readonly record: (identity: JournalIdentity) => Effect.Effect<void, JournalRegisterUnavailable>
}

/** The port for the register of journals, as a service. */
export class JournalRegister extends Context.Service<JournalRegister, JournalRegisterService>()(
  "everstate/journal/JournalRegister",
) {}
