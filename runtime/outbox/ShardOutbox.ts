/**
 * How far one shard's outboxes are sent, and what of its journal still has to be read for it.
 *
 * Owns the arithmetic, no work. Commits of this owner are told here one by one, so they are known exactly (Watermark.ts);
 * those of former owners are found by reading the shard's journal: after the shard was taken, for as long as an append of
 * a former owner may land, and at looks that become rarer. Who reads: Reading.ts. Who sends: Sending.ts.
 */
import { Semaphore } from "effect"
import type { Floor } from "../message/Origin.ts"
import { Exceptions } from "./Exceptions.ts"
import type { TakeoverNote } from "./TakeoverNote.ts"
import { type AppendInFlight, type CarryingCommit, Watermark } from "./Watermark.ts"

/** Commits that are kept while older ones are read from the journal; further ones are read, too. */
const LATE_MAX = 1_000

/** First and longest pause between two readings while there is doubt, in milliseconds: what lands late mostly does so soon. */
const DOUBT_FIRST_MS = 500
const DOUBT_MAX_MS = 5_000

/** First and longest pause between two looks at a shard's end for which there is no reason, in milliseconds. */
const LOOK_FIRST_MS = 10_000
const LOOK_MAX_MS = 600_000

/** Which shard it is. */
interface Identity {
  readonly shardIndex: number
  readonly shard: number
  readonly slot: string
  /** Epoch of this node's lease on the shard. */
  readonly epoch: number
  /** Names this time of having the shard for ever. */
  readonly era: number
  /** Actor types whose commits are sent here. */
  readonly types: ReadonlySet<string>
}

export class ShardOutbox implements Identity {
  readonly shardIndex: number
  readonly shard: number
  readonly slot: string
  readonly epoch: number
  readonly era: number
  readonly types: ReadonlySet<string>
  readonly watermark = new Watermark()
  readonly exceptions = new Exceptions(this.watermark)
  /** One look at a time. */
  readonly turn = Semaphore.makeUnsafe(1)
  /** Items that wait or are in work, but for exceptions. */
  jobCount = 0
  /** Where the journal ended when this node took the shard. */
  takenAt = 0
  /**
   * Everything that this owner counts as settled has been told by its receiver or its mailbox. Floors rest on it.
   */
  isExact = true
  #atMs = 0
  #savedText = ""
  #savedAtMs = Number.NEGATIVE_INFINITY
  #isChanged = true
  /** Appends of unknown outcome, by actor, each with the sequence that it expects the actor's last record at. */
  readonly #unresolved = new Map<string, Map<AppendInFlight, number>>()
  /** Of these, the ones that no cell looks for. */
  #abandoned: Array<{ readonly key: string; readonly append: AppendInFlight }> = []
  /** Commits of former owners that were found in this time, until their doubt is over. */
  readonly #found = new Set<number>()
  /** The journal is read from here on, and newer commits are left to that; undefined: it has been read. */
  #readFrom: number | undefined
  /** Lowest sequence that is left to the journal. */
  #leftFrom = Number.POSITIVE_INFINITY
  /** The journal is read from here on, beside newer commits, until the doubt is over. */
  #doubtFrom: number | undefined
  #doubtUntilMs = Number.NEGATIVE_INFINITY
  #doubtAtMs = Number.NEGATIVE_INFINITY
  #doubtPauseMs = DOUBT_FIRST_MS
  #isStarted = false
  #leftAfter = Number.POSITIVE_INFINITY
  /** Commits that are left to the journal, kept here in case it is read to its end without them. */
  #late: Array<{ readonly sequence: number; readonly send: () => void }> = []
  /** Up to here commits may be left that are not kept. */
  #unlistedUpTo = 0
  #writtenAtMs = Number.NEGATIVE_INFINITY
  #lookFrom = 0
  #lookAtMs = Number.POSITIVE_INFINITY
  #lookPauseMs = LOOK_FIRST_MS
  /** Where the journal's partition ended before everything of this shard in it was read. */
  #quietEnd = -1

  constructor({ shardIndex, shard, slot, epoch, era, types }: Identity) {
    this.shardIndex = shardIndex
    this.shard = shard
    this.slot = slot
    this.epoch = epoch
    this.era = era
    this.types = types
  }

  /** It is known where the former owner left off. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  /** Everything up to here is settled. `undefined` before it is known where the former owner left off. */
  get settledUpTo(): number | undefined {
    return this.#isStarted ? Math.min(this.watermark.settledUpTo, this.#unreadFrom) : undefined
  }

  /** Everything up to here is settled, parked or owed. */
  get passedUpTo(): number {
    return Math.min(this.watermark.passedUpTo, this.#unreadFrom)
  }

  /** All timers and later messages up to here are in the mailbox. `undefined` as for {@link settledUpTo}. */
  get placedUpTo(): number | undefined {
    if (!this.#isStarted) return undefined
    return Math.min(this.passedUpTo, ...this.exceptions.owed.map(({ sequence }) => sequence - 1))
  }

  /** What comes after this may hold commits of former owners that were not found yet. */
  get #unreadFrom(): number {
    const { seen } = this.watermark
    return Math.min(this.#readFrom ?? seen, this.#doubtFrom ?? seen)
  }

  /**
   * What is settled of all that commits of this era carried to the receiver; `undefined` where nothing can be said. With
   * something older that is not settled nothing is said, so that the receiver goes on remembering former eras.
   */
  floorTo(receiver: string): Floor | undefined {
    if (!this.isExact || !this.#isStarted) return undefined
    const sequence = Math.min(this.watermark.passedUpTo, this.exceptions.lowestTo(receiver) - 1)
    return sequence <= this.takenAt ? undefined : { era: this.era, sequence, atMs: this.#atMs }
  }

  /** Where the last owner left off, and where the journal ended then. */
  start(after: number, end: number, doubtUntilMs: number): void {
    this.#isStarted = true
    this.takenAt = end
    this.#readFrom = after
    this.#lookFrom = end
    this.watermark.saw(Math.max(end, after))
    this.#doubtFrom = after
    // A shard that was nobody's and is empty has no former owner whose append could land: one reading will do. Should the
    // lease store have lost who it was, the first look finds it.
    const isNew = this.epoch === 1 && end === 0
    this.#doubt(isNew ? Number.NEGATIVE_INFINITY : doubtUntilMs)
  }

  #doubt(untilMs: number): void {
    this.#doubtUntilMs = Math.max(this.#doubtUntilMs, untilMs)
    this.#doubtAtMs = Number.NEGATIVE_INFINITY
    this.#doubtPauseMs = DOUBT_FIRST_MS
    this.#lookPauseMs = LOOK_FIRST_MS
  }

  /** What is in doubt is read now. */
  hurry(): void {
    this.#doubtAtMs = Number.NEGATIVE_INFINITY
  }

  /** The outcome of the actor's append is open: its commit may be found by reading. */
  unresolved(key: string, append: AppendInFlight, expectedSequence: number): void {
    const appends = this.#unresolved.get(key) ?? new Map<AppendInFlight, number>()
    this.#unresolved.set(key, appends.set(append, expectedSequence))
  }

  /** The outcome stays open, and no cell looks for it: the journal is read for as long as it may land. */
  abandoned(key: string, append: AppendInFlight, expectedSequence: number, untilMs: number): void {
    this.unresolved(key, append, expectedSequence)
    this.#abandoned.push({ key, append })
    this.#doubtFrom = Math.min(this.#doubtFrom ?? append.after, append.after)
    this.#doubt(untilMs)
  }

  /** The append is stored and told, or can never be stored any more. */
  over(key: string, append: AppendInFlight): void {
    this.watermark.over(append)
    const appends = this.#unresolved.get(key)
    if (appends?.delete(append) === true && appends.size === 0) this.#unresolved.delete(key)
  }

  /** Whether a record of this era has to be sent though no cell has told of it. */
  isUntold(key: string, sequence: number): boolean {
    if (this.isBehind && sequence >= this.#leftFrom) return true
    for (const expected of this.#unresolved.get(key)?.values() ?? []) if (sequence > expected) return true
    return false
  }

  /** Commits are left to the journal, so that they are sent after the older ones there. */
  get isBehind(): boolean {
    return !this.#isStarted || this.#readFrom !== undefined
  }

  /** The commit is left to the journal. With `send` it is sent when all before it is, if it was not read by then. */
  leave(sequence: number, send?: () => void): void {
    this.#leftAfter = Math.min(this.#leftAfter, sequence - 1)
    this.#leftFrom = Math.min(this.#leftFrom, sequence)
    if (this.#isStarted) this.#readFrom = Math.min(this.#readFrom ?? sequence - 1, sequence - 1)
    this.watermark.saw(sequence)
    if (send !== undefined && this.#late.length < LATE_MAX) this.#late.push({ sequence, send })
    else this.#unlistedUpTo = Math.max(this.#unlistedUpTo, sequence)
  }

  /** Sequence before the first commit that is left to the journal; infinite where there is none. */
  get leftAfter(): number {
    return this.#leftAfter
  }

  /** This owner has stored a commit. */
  wrote(sequence: number, atMs: number, nowMs: number): void {
    this.watermark.saw(sequence)
    if (atMs > this.#atMs) this.#atMs = atMs
    this.#writtenAtMs = nowMs
    this.#isChanged = true
  }

  /** What a commit that was found carries is being sent; `undefined`: it was found before. */
  beginFound(sequence: number, itemCount: number): CarryingCommit | undefined {
    if (this.#found.has(sequence)) return undefined
    this.#found.add(sequence)
    return this.begin(sequence, itemCount)
  }

  /** What a commit carries is being sent. */
  begin(sequence: number, itemCount: number): CarryingCommit {
    this.#isChanged = true
    return this.watermark.carry(sequence, itemCount)
  }

  /** Sequence after which the journal has to be read now; `undefined`: there is no need. */
  toRead(nowMs: number): number | undefined {
    if (this.#readFrom !== undefined) return Math.min(this.#readFrom, this.#doubtFrom ?? this.#readFrom)
    return nowMs >= this.#doubtAtMs ? this.#doubtFrom : undefined
  }

  /** Whether it is time to look, for no reason. */
  isLookDue(nowMs: number): boolean {
    return this.#readFrom === undefined && this.#doubtFrom === undefined && nowMs >= this.#lookAtMs
  }

  /**
   * The look that is due, at a partition that ends there: the journal is read if anything came since the last one.
   * Not that of a busy shard: what it could read are the last moments, all of it just written here.
   */
  look(partitionEnd: number, nowMs: number): void {
    const isBusy = nowMs - this.#writtenAtMs < LOOK_FIRST_MS
    if (isBusy) {
      this.#lookPauseMs = LOOK_FIRST_MS
      this.#lookFrom = this.watermark.passedUpTo
    }
    if (isBusy || partitionEnd === this.#quietEnd) return this.#rest(nowMs)
    this.#quietEnd = partitionEnd
    this.#doubtFrom = this.#lookFrom
  }

  /** A page was read, up to `upTo`. */
  read(upTo: number): void {
    this.watermark.saw(upTo)
    this.#leftAfter = Number.POSITIVE_INFINITY
    if (this.#readFrom !== undefined) this.#readFrom = Math.max(this.#readFrom, upTo)
    if (this.#doubtFrom !== undefined) this.#doubtFrom = Math.max(this.#doubtFrom, upTo)
  }

  /** The journal was read up to `end`, where it ended at `nowMs`; what came since is sent after that. */
  readToEnd(end: number, nowMs: number): void {
    const late = this.#late.filter(({ sequence }) => sequence > end)
    this.#late = late
    if (this.#unlistedUpTo <= end) {
      this.#readFrom = undefined
      this.#leftFrom = Number.POSITIVE_INFINITY
      this.#late = []
      for (const { send } of late) send()
    }
    if (this.#doubtFrom === undefined) return
    this.#doubtFrom = Math.max(this.#doubtFrom, end)
    if (nowMs < this.#doubtUntilMs) {
      this.#doubtAtMs = Math.min(nowMs + this.#doubtPauseMs, this.#doubtUntilMs)
      this.#doubtPauseMs = Math.min(this.#doubtPauseMs * 2, DOUBT_MAX_MS)
      return
    }
    for (const { key, append } of this.#abandoned.splice(0)) this.over(key, append)
    this.#lookFrom = this.#doubtFrom
    this.#doubtFrom = undefined
    this.#found.clear()
    this.#isChanged = true
    this.#rest(nowMs)
  }

  /** Until the next look, which all shards take together. */
  #rest(nowMs: number): void {
    this.#lookAtMs = Math.ceil((nowMs + this.#lookPauseMs) / LOOK_FIRST_MS) * LOOK_FIRST_MS
    this.#lookPauseMs = Math.min(this.#lookPauseMs * 2, LOOK_MAX_MS)
  }

  /** Something is parked: the note and the watermark may change without a commit. */
  changed(): void {
    this.#isChanged = true
  }

  /** The takeover note as it is now, if it has to be written: `everyMs` have passed, or `isLast`. */
  noteToSave(
    nowMs: number,
    everyMs: number,
    isLast: boolean,
  ): { readonly note: TakeoverNote; readonly text: string } | undefined {
    if (!this.#isStarted || !(this.#isChanged || isLast)) return undefined
    if (!isLast && nowMs - this.#savedAtMs < everyMs) return undefined
    const rows = this.exceptions.rows()
    // More receivers than a note may list: the last one stays, and what is above it would be read again.
    if (rows === undefined) {
      this.#savedAtMs = nowMs
      return undefined
    }
    const note = { slot: this.slot, epoch: this.epoch, era: this.era, passed: this.passedUpTo, ...rows }
    const text = JSON.stringify(note)
    if (text !== this.#savedText) return { note, text }
    this.#isChanged = false
    return undefined
  }

  saved(text: string, nowMs: number): void {
    this.#savedText = text
    this.#savedAtMs = nowMs
    this.#isChanged = false
  }

  /** Milliseconds until there is something to do. */
  restMs(nowMs: number, savePauseMs: number): number {
    if (this.isBehind) return 0
    const saveAtMs = this.#isChanged ? this.#savedAtMs + savePauseMs : Number.POSITIVE_INFINITY
    const readAtMs = this.#doubtFrom === undefined ? this.#lookAtMs : this.#doubtAtMs
    return Math.max(0, Math.min(readAtMs, saveAtMs) - nowMs)
  }
}
