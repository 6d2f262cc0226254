/**
 * The register port: remembers, outside of the journal, which journal a system belongs to and how far it had come.
 *
 * A journal that was deleted, re-created or restored from an older copy looks healthy by itself; only somebody who
 * remembers can tell. Written at start and raised as projections and snapshots move on; read at start.
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

/** What is remembered of one of the streams that a journal is kept in. */
export interface JournalStreamIdentity {
  /** What tells the stream from another one of its name. */
  readonly streamId: string
  /** The highest of the journal's sequences in this partition that snapshots or projections have seen. */
  readonly lastSequence: number
}

/** What is remembered of a namespace's journal. */
export interface JournalIdentity {
  readonly namespace: string
  /** Number of shards, fixed at creation. */
  readonly shards: number
  /** One for each partition, in their order; how many is fixed at creation. */
  readonly streams: ReadonlyArray<JournalStreamIdentity>
}

export interface JournalRegisterService {
  readonly load: (namespace: string) => Effect.Effect<JournalIdentity | undefined, JournalRegisterUnavailable>
  /** Records a journal for the first time; an existing record is left alone. */
  readonly record: (identity: JournalIdentity) => Effect.Effect<void, JournalRegisterUnavailable>
}

export class JournalRegister extends Context.Service<JournalRegister, JournalRegisterService>()(
  "everstate/journal/JournalRegister",
) {}
