/**
 * The commit: one journal message with the outcome of one or more commands of one actor, all or nothing.
 *
 * Owns the JSON that is written to the journal (docs/ARCHITECTURE.md, "Data on the wire") and its limits.
 * What stores it: ../journal/Journal.ts. What decides it: ../cell/Decide.ts.
 */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"
import type { StoredEvent } from "../event/Event.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import { type CarriedRow, isCarriedRow } from "../message/Origin.ts"
import { isOutboxItem, type OutboxItem } from "../message/OutboxItem.ts"
import { isTime } from "../time/Time.ts"
import { birthComplaintOf, type StoredBirth } from "./StoredBirth.ts"

/**
 * Commit formats that this process writes; it reads all of them. It writes an earlier format while nodes of
 * an earlier release may read the commit. Only commits that format 2 cannot express, such as those with a
 * birth, have format 3.
 */
export type CommitFormat = 1 | 2 | 3

/** Highest version of the commit format that is read. A reader that meets a higher one stops. */
export const COMMIT_FORMAT_VERSION = 3

/** The newest format that this process writes and that readers of every version up to `version` can read. */
export const formatReadBy = (version: number): CommitFormat => (version >= 3 ? 3 : version === 2 ? 2 : 1)

/** Largest JSON of a command's metadata, in bytes. */
export const METADATA_BYTES_MAX = 8 * 1024

/** Longest command id, in UTF-16 code units. */
export const COMMAND_ID_LENGTH_MAX = 256

/**
 * Origin of a command. All fields are optional; they are stored with its events, and history and audit show
 * them.
 */
export interface Metadata {
  readonly correlationId?: string
  readonly causationId?: string
  readonly user?: string
  /** The W3C traceparent. */
  readonly trace?: string
  /** Why an operator sent the command. What the command causes does not inherit it. */
  readonly note?: string
}

/** Metadata of everything that a command causes: that of the command, without its note. */
export const metadataCausedBy = (commandId: string, metadata: Metadata | undefined): Metadata => {
  const caused: Metadata = { correlationId: commandId, ...metadata, causationId: commandId }
  if (caused.note === undefined) return caused
  const { note: _ofCommand, ...inherited } = caused
  return inherited
}

/** Whether an unknown value is metadata: an object whose values are texts, under any names. */
export const isMetadata = (value: unknown): value is Metadata => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  for (const key in value) if (typeof (value as Record<string, unknown>)[key] !== "string") return false
  return true
}

/** The outcome of one command inside a commit. */
export interface CommitEntry {
  /** Command id. */
  readonly c: string
  /** Fingerprint of the command's payload, text part. */
  readonly fp: string
  /**
   * Fingerprint of the payload, structure part. Missing in commits of earlier releases, and without a
   * payload.
   */
  readonly fs?: string
  readonly m?: Metadata
  readonly ev: ReadonlyArray<StoredEvent>
  /** Outbox items of the command: messages, timers, calls and publications. */
  readonly out?: ReadonlyArray<OutboxItem>
  /** The reply, where the decision gave one. */
  readonly re?: unknown
  /** Origin of the message that the entry is about, and the floor that the message carried. */
  readonly o?: CarriedRow
  /**
   * Set if the message changed nothing. Its id is not remembered, because the same command is decided anew
   * later.
   */
  readonly no?: true
}

/** A stored commit. Readers ignore fields of later releases. */
export interface Commit {
  readonly v: number
  /** Version of the first event in this commit. */
  readonly first: number
  /** Time of the decision, Unix milliseconds. */
  readonly at: number
  /** Epoch of the shard's owner that wrote the commit. */
  readonly epoch: number
  /**
   * Era, in format 2: a random number that the owner drew when it took the shard. A lease store that lost its
   * newest records gives epochs out again; an era belongs to one owner for ever.
   */
  readonly era?: number
  /**
   * Watermark of the shard, in format 2: all items of the shard's commits below this sequence are settled, as
   * far as the owner knew. Absent if the owner did not know it.
   */
  readonly w?: number
  /** Name of the state after the commit, in format 2: `fulfilling`, `{payment:due,stock:held}`. */
  readonly s?: string
  /** Whether the machine is done, in format 2. */
  readonly done?: boolean
  /** Whether the machine has ended in status "error", in format 2. Readers of earlier releases ignore it. */
  readonly failed?: boolean
  /** Columns of the directory after the commit, in format 2. Readers of earlier releases ignore them. */
  readonly d?: DirectoryPart
  /** Birth of the actor, in format 3. It comes before all entries and has no version. */
  readonly b?: StoredBirth
  readonly entries: ReadonlyArray<CommitEntry>
}

/**
 * The directory's part of a commit: version of the definition's columns, and their values; null if the definition could not
 * give them.
 */
export interface DirectoryPart {
  readonly v: number
  readonly c: { readonly [name: string]: string | number | boolean | null } | null
}

/** The outbox's part of a commit: the shard's era, and its watermark if known. */
export interface ShardMark {
  readonly era: number
  readonly w: number | undefined
}

/** Fields of a commit besides its entries. */
export interface CommitHeader extends Omit<Commit, "v" | "entries" | "era" | "w" | "s" | "d" | "b"> {
  /**
   * Format of the commit, default 1. Format 1 has no `era`, `w`, `s`, `done` and `failed`; only format 3 has
   * `b`.
   */
  readonly format?: CommitFormat
  readonly era?: number | undefined
  readonly w?: number | undefined
  /** Name of the state; left out of the commit if it is longer than {@link STATE_NAME_LENGTH_MAX}. */
  readonly s?: string
  readonly d?: DirectoryPart | undefined
  /** JSON of a {@link StoredBirth}. */
  readonly b?: string | undefined
}

/** This process cannot read a journal message as a commit. The actor is quarantined. */
export class CommitUnreadable extends errorClass<CommitUnreadable>()(
  "CommitUnreadable",
  {
    key: Schema.String,
    sequence: Schema.Number,
    reason: Schema.Literals(["Malformed", "NewerFormat"]),
    detail: Schema.String,
  },
  { kind: "defect", retry: "never", hint: "Run a release that reads this format, or restore the journal." },
) {
  override get message(): string {
    return `Journal message ${this.sequence} of ${this.key} is unreadable (${this.reason}): ${this.detail}`
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/** Longest state name in a commit, as JSON, in UTF-16 code units. */
export const STATE_NAME_LENGTH_MAX = 256

/** Largest size of a commit's envelope in bytes, without its entries and the commas between them. */
export const commitEnvelopeBytes = (format: CommitFormat): number =>
  format === 1 ? 128 : 192 + 3 * STATE_NAME_LENGTH_MAX

/** Bytes of the commit. Its entries are JSON already, because group commits are measured entry by entry. */
export const encodeCommit = (header: CommitHeader, entriesJson: ReadonlyArray<string>): Uint8Array => {
  const { format = 1, first, at, epoch } = header
  const more = format === 1 ? "" : newFieldsOf(header)
  return bytesOf(
    `{"v":${format},"first":${first},"at":${at},"epoch":${epoch}${more},"entries":[${entriesJson.join(",")}]}`,
  )
}

const newFieldsOf = ({ format, era, w, s, done, failed, d, b }: CommitHeader): string => {
  const drawn = era === undefined ? "" : `,"era":${era}`
  const watermark = w === undefined ? drawn : `${drawn},"w":${w}`
  const name = s === undefined ? "" : JSON.stringify(s)
  const state = name === "" || name.length > STATE_NAME_LENGTH_MAX ? "" : `,"s":${name}`
  const end = done === true ? ',"done":true' : failed === true ? ',"failed":true' : ""
  const birth = format !== 3 || b === undefined ? "" : `,"b":${b}`
  const columns = d === undefined ? "" : `,"d":${JSON.stringify(d)}`
  return watermark + state + end + columns + birth
}

const isStoredEvent = (value: unknown): value is StoredEvent => {
  const event = value as Partial<StoredEvent> | null
  if (event?.told !== undefined && event.told !== true) return false
  return typeof event?.t === "string" && isCount(event.v) && typeof (event.d ?? NO_PAYLOAD) === "object"
}

const NO_PAYLOAD = {}

/**
 * Size of a block of memory for several commits, because a block for each would cost more than the encoding.
 */
const CHUNK_BYTES = 64 * 1024
let chunk = new Uint8Array(0)
let chunkUsed = 0

/** UTF-8 of the text, in a part of the block that is not written again. */
const bytesOf = (text: string): Uint8Array => {
  const sizeMax = text.length * 3
  if (sizeMax > CHUNK_BYTES / 4) return encoder.encode(text)
  if (sizeMax > chunk.length - chunkUsed) {
    chunk = new Uint8Array(CHUNK_BYTES)
    chunkUsed = 0
  }
  const start = chunkUsed
  chunkUsed += encoder.encodeInto(text, chunk.subarray(start)).written
  return chunk.subarray(start, chunkUsed)
}

/** The problem with a commit's fields; `undefined` if there is none. Fields of later releases are ignored. */
const complaintOf = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null) return "not an object"
  const { v, first, at, epoch, era, w, s, done, failed, d, b, entries } = value as {
    readonly [Field in keyof Commit]?: unknown
  }
  if (!isCount(v)) return "v is no version"
  if (v > COMMIT_FORMAT_VERSION) return undefined // of another form: it is told apart
  if (!isCount(first)) return "first is no version"
  if (!isTime(at)) return "at is no moment"
  if (epoch !== undefined && !Number.isSafeInteger(epoch)) return "epoch is no whole number"
  const newer = v > 1 ? newerComplaintOf({ era, w, s, done, failed, d }) : undefined
  if (newer !== undefined) return newer
  const atBirth = v > 2 && b !== undefined ? birthComplaintOf(b) : undefined
  if (atBirth !== undefined) return `b: ${atBirth}`
  if (!Array.isArray(entries)) return "entries is no list"
  for (const [index, entry] of entries.entries()) {
    const complaint = entryComplaintOf(entry)
    if (complaint !== undefined) return `entry ${index}: ${complaint}`
  }
  return undefined
}

/** The problem with the fields of format 2 and later; `undefined` if there is none. */
const newerComplaintOf = ({
  era,
  w,
  s,
  done,
  failed,
  d,
}: { readonly [Field in keyof Commit]?: unknown }): string | undefined => {
  if (era !== undefined && !isCount(era)) return "era is no number"
  if (w !== undefined && !(Number.isSafeInteger(w) && (w as number) >= 0)) return "w is no sequence"
  if (s !== undefined && typeof s !== "string") return "s is no text"
  if (done !== undefined && typeof done !== "boolean") return "done is neither true nor false"
  if (failed !== undefined && typeof failed !== "boolean") return "failed is neither true nor false"
  return d === undefined || isDirectoryPart(d) ? undefined : "d is no part of the directory"
}

const isDirectoryPart = (value: unknown): value is DirectoryPart => {
  const { v, c } = Object(value) as { readonly [Field in keyof DirectoryPart]?: unknown }
  return isCount(v) && typeof c === "object" && !Array.isArray(c)
}

const entryComplaintOf = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null) return "not an object"
  const { c, fp, fs, m, ev, out, o, no } = value as { readonly [Field in keyof CommitEntry]?: unknown }
  if (typeof c !== "string") return "c is no text"
  if (typeof fp !== "string") return "fp is no text"
  if (fs !== undefined && typeof fs !== "string") return "fs is no text"
  if (m !== undefined && !isMetadata(m)) return "m is no metadata"
  if (!(Array.isArray(ev) && ev.every(isStoredEvent))) return "ev is no list of events"
  if (out !== undefined && !(Array.isArray(out) && out.every(isOutboxItem))) return "out is no list of items"
  if (o !== undefined && !isCarriedRow(o)) return "o is no origin"
  if (no !== undefined && no !== true) return "no is not true"
  return undefined
}

/** Whether the value is a whole number from 1. */
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1

/** The commit in a journal record, every field of it checked. Throws {@link CommitUnreadable}. */
export const decodeCommit = (record: JournalRecord): Commit => {
  const unreadable = (reason: CommitUnreadable["reason"], detail: string) =>
    new CommitUnreadable({ key: record.key, sequence: record.sequence, reason, detail })
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(record.data))
  } catch (cause) {
    throw unreadable("Malformed", String(cause))
  }
  const complaint = complaintOf(value)
  if (complaint !== undefined) throw unreadable("Malformed", `not a commit: ${complaint}`)
  const commit = value as Commit
  if (commit.v > COMMIT_FORMAT_VERSION) {
    throw unreadable("NewerFormat", `format ${commit.v}, this process knows ${COMMIT_FORMAT_VERSION}`)
  }
  return commit
}

/**
 * Tells a commit apart from all other commits that ever had its sequence. A journal that loses its newest
 * records gives their sequences to other commits.
 */
export interface CommitStamp {
  /** Result of {@link eraOf}. */
  readonly era: number
  /** Time of the decision, Unix milliseconds. */
  readonly atMs: number
}

export const stampOf = (commit: Pick<Commit, "era" | "epoch" | "at">): CommitStamp => ({
  era: eraOf(commit),
  atMs: commit.at,
})

export const isSameStamp = (one: CommitStamp, other: CommitStamp): boolean =>
  one.era === other.era && one.atMs === other.atMs

/** Era of the commit's writer; the epoch for commits without an era. */
export const eraOf = ({ era, epoch }: Pick<Commit, "era" | "epoch">): number => era ?? epoch

/** Eras lie above this number and less than 2^48 above it, so no epoch equals an era. */
export const ERA_MIN = 2 ** 48

/** Number of events in a commit. */
export const eventCount = (commit: Commit): number =>
  commit.entries.reduce((sum, entry) => sum + entry.ev.length, 0)
