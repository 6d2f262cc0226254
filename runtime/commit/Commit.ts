/**
 * The commit: one journal message, the outcome of one or more commands of one actor, all or nothing.
 *
 * Owns the JSON that is written to the journal (docs/ARCHITECTURE.md, "Data on the wire") and its bounds.
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
 * Formats that this process writes: an earlier one where a node of an earlier release may read. It reads all of them. Only
 * a commit that says something which format 2 cannot say, such as a birth, is of format 3.
 */
export type CommitFormat = 1 | 2 | 3

/** Highest version of the commit format that is read. A reader that meets a higher one stops. */
export const COMMIT_FORMAT_VERSION = 3

/** The newest format that a reader of all versions up to `version` reads, and this process writes. */
export const formatReadBy = (version: number): CommitFormat => (version >= 3 ? 3 : version === 2 ? 2 : 1)

/** Most bytes of JSON that a command's metadata may take. */
export const METADATA_BYTES_MAX = 8 * 1024

/** Longest command id, in UTF-16 code units. */
export const COMMAND_ID_LENGTH_MAX = 256

/** Who and what a command came from. All optional; stored with its events and shown by history and audit. */
export interface Metadata {
  readonly correlationId?: string
  readonly causationId?: string
  readonly user?: string
  /** W3C traceparent. */
  readonly trace?: string
}

/** Whether a value that came from elsewhere is metadata: texts by name, whatever the names. */
export const isMetadata = (value: unknown): value is Metadata => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  for (const key in value) if (typeof (value as Record<string, unknown>)[key] !== "string") return false
  return true
}

/** The outcome of one command inside a commit. */
export interface CommitEntry {
  /** Command id. */
  readonly c: string
  /** Fingerprint of the command's payload: of its text. */
  readonly fp: string
  /** Fingerprint of its structure; missing in commits of earlier releases, and where there is no payload. */
  readonly fs?: string
  readonly m?: Metadata
  readonly ev: ReadonlyArray<StoredEvent>
  /** Outbox: messages, timers, calls and publications that the commit carries. */
  readonly out?: ReadonlyArray<OutboxItem>
  /** The reply, where the decision gave one. */
  readonly re?: unknown
  /** Origin of the message that the entry is about, and the floor that it brought. */
  readonly o?: CarriedRow
  /** The message changed nothing: its id is not remembered, because the same command later is decided anew. */
  readonly no?: true
}

/** A stored commit. Fields of later releases are left alone. */
export interface Commit {
  readonly v: number
  /** Version of the first event in this commit. */
  readonly first: number
  /** Unix milliseconds at which it was decided. */
  readonly at: number
  /** Fencing number of the owner that wrote it. */
  readonly epoch: number
  /**
   * Era, in format 2: a number that the owner drew when it took the shard. Epochs are given again by a lease store that has
   * lost its end; an era belongs to one owner for ever.
   */
  readonly era?: number
  /**
   * Watermark of the shard, in format 2: below this journal sequence everything that the shard's commits carry is settled,
   * as far as the owner of that epoch knew. Absent where it did not know.
   */
  readonly w?: number
  /** Name of the state that the commit leads to, in format 2: `fulfilling`, `{payment:due,stock:held}`. */
  readonly s?: string
  /** The machine is done, in format 2. */
  readonly done?: boolean
  /** The machine has ended in status "error", in format 2. Readers of earlier releases leave it alone. */
  readonly failed?: boolean
  /** Birth of the actor, in format 3: before all entries. It takes no version. */
  readonly b?: StoredBirth
  readonly entries: ReadonlyArray<CommitEntry>
}

/** What the outbox of a shard has commits say: its era, and its watermark where that is known. */
export interface ShardMark {
  readonly era: number
  readonly w: number | undefined
}

/** What a commit says besides its entries. */
export interface CommitHeader extends Omit<Commit, "v" | "entries" | "era" | "w" | "s" | "b"> {
  /** Default 1, which has no `era`, `w`, `s`, `done` and `failed`. Format 3 has `b` besides. */
  readonly format?: CommitFormat
  readonly era?: number | undefined
  readonly w?: number | undefined
  /** Left out of the commit where it is longer than {@link STATE_NAME_LENGTH_MAX}. */
  readonly s?: string
  /** JSON of a {@link StoredBirth}. */
  readonly b?: string | undefined
}

/** A journal message that is not a commit this process can read. The actor is quarantined. */
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

/** Longest state name that a commit tells, as JSON, in UTF-16 code units. */
export const STATE_NAME_LENGTH_MAX = 256

/** Bytes that the envelope of a commit takes at most, on top of its entries and the commas between them. */
export const commitEnvelopeBytes = (format: CommitFormat): number =>
  format === 1 ? 128 : 192 + 3 * STATE_NAME_LENGTH_MAX

/** The commit's bytes, from entries that are already JSON: group commits are measured entry by entry. */
export const encodeCommit = (header: CommitHeader, entriesJson: ReadonlyArray<string>): Uint8Array => {
  const { format = 1, first, at, epoch } = header
  const more = format === 1 ? "" : newFieldsOf(header)
  return bytesOf(
    `{"v":${format},"first":${first},"at":${at},"epoch":${epoch}${more},"entries":[${entriesJson.join(",")}]}`,
  )
}

const newFieldsOf = ({ format, era, w, s, done, failed, b }: CommitHeader): string => {
  const drawn = era === undefined ? "" : `,"era":${era}`
  const watermark = w === undefined ? drawn : `${drawn},"w":${w}`
  const name = s === undefined ? "" : JSON.stringify(s)
  const state = name === "" || name.length > STATE_NAME_LENGTH_MAX ? "" : `,"s":${name}`
  const end = done === true ? ',"done":true' : failed === true ? ',"failed":true' : ""
  const birth = format !== 3 || b === undefined ? "" : `,"b":${b}`
  return watermark + state + end + birth
}

const isStoredEvent = (value: unknown): value is StoredEvent => {
  const event = value as Partial<StoredEvent> | null
  if (event?.told !== undefined && event.told !== true) return false
  return typeof event?.t === "string" && isCount(event.v) && typeof (event.d ?? NO_PAYLOAD) === "object"
}

const NO_PAYLOAD = {}

/** Memory that commits are written into, one after the other: a block each would cost more than the encoding. */
const CHUNK_BYTES = 64 * 1024
let chunk = new Uint8Array(0)
let chunkUsed = 0

/** UTF-8 in a part of the chunk that is never written again. */
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

/** What is wrong with the fields of a commit; `undefined`: nothing. Fields of later releases do not matter. */
const complaintOf = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null) return "not an object"
  const { v, first, at, epoch, era, w, s, done, failed, b, entries } = value as {
    readonly [Field in keyof Commit]?: unknown
  }
  if (!isCount(v)) return "v is no version"
  if (v > COMMIT_FORMAT_VERSION) return undefined // of another form: it is told apart
  if (!isCount(first)) return "first is no version"
  if (!isTime(at)) return "at is no moment"
  if (epoch !== undefined && !Number.isSafeInteger(epoch)) return "epoch is no whole number"
  const newer = v > 1 ? newerComplaintOf({ era, w, s, done, failed }) : undefined
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

/** What is wrong with the fields that came with format 2. */
const newerComplaintOf = ({
  era,
  w,
  s,
  done,
  failed,
}: { readonly [Field in keyof Commit]?: unknown }): string | undefined => {
  if (era !== undefined && !isCount(era)) return "era is no number"
  if (w !== undefined && !(Number.isSafeInteger(w) && (w as number) >= 0)) return "w is no sequence"
  if (s !== undefined && typeof s !== "string") return "s is no text"
  if (done !== undefined && typeof done !== "boolean") return "done is neither true nor false"
  return failed === undefined || typeof failed === "boolean" ? undefined : "failed is neither true nor false"
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

/** A whole number from 1. */
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
 * What tells a commit from every other one that ever had its sequence: a journal that loses its end gives sequences again,
 * and not to the same commits.
 */
export interface CommitStamp {
  /** As {@link eraOf} gives it. */
  readonly era: number
  /** When it was decided, Unix milliseconds. */
  readonly atMs: number
}

export const stampOf = (commit: Pick<Commit, "era" | "epoch" | "at">): CommitStamp => ({
  era: eraOf(commit),
  atMs: commit.at,
})

export const isSameStamp = (one: CommitStamp, other: CommitStamp): boolean =>
  one.era === other.era && one.atMs === other.atMs

/** Who wrote the commit; commits without an era have the epoch in its place. */
export const eraOf = ({ era, epoch }: Pick<Commit, "era" | "epoch">): number => era ?? epoch

/** Eras are above this number, and below 2^48 more: no epoch is taken for one. */
export const ERA_MIN = 2 ** 48

/** How many events a commit holds. */
export const eventCount = (commit: Commit): number =>
  commit.entries.reduce((sum, entry) => sum + entry.ev.length, 0)
