/**
 * How far one shard's items are sent, and which part of its journal still has to be read for that.
 *
 * Owns only the arithmetic. Commits of this owner are reported one by one, so they are known exactly
 * (Watermark.ts). Commits of former owners are found by reading the shard's journal: after the shard was
 * taken, for as long as an append of a former owner may be stored, and at looks that become rarer. Reading.ts
 * reads. Sending.ts sends.
 */
import { Semaphore } from "effect"
import type { Floor } from "../message/Origin.ts"
import { Exceptions } from "./Exceptions.ts"
import type { TakeoverNote } from "./TakeoverNote.ts"
import { type AppendInFlight, type CarryingCommit, Watermark } from "./Watermark.ts"

/**
 * Commits that are kept in memory while older ones are read from the journal; further ones are read as well.
 */
const LATE_MAX = 1_000

/**
 * First and longest pause between two readings during doubt, in milliseconds. Late appends mostly come soon.
 */
const DOUBT_FIRST_MS = 500
const DOUBT_MAX_MS = 5_000

/** First and longest pause between two routine looks at a shard's end, in milliseconds. */
const LOOK_FIRST_MS = 10_000
const LOOK_MAX_MS = 600_000

/** Identity of the shard and of this ownership. */
interface Identity {
  readonly shardIndex: number
  readonly shard: number
  readonly slot: string
  /** Epoch of this node's lease on the shard. */
  readonly epoch: number
  /** Era of this ownership of the shard. */
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
  /** Permit for a look; one look at a time. */
  readonly turn = Semaphore.makeUnsafe(1)
  /** Items that wait or are in work, without exceptions. */
  jobCount = 0
  /** Sequence at which the journal ended when this node took the shard. */
  takenAt = 0
  /**
   * Whether the receiver or the mailbox has confirmed every item that counts as settled. Floors depend on it.
   */
  isExact = true
  #atMs = 0
  #savedText = ""
  #savedAtMs = Number.NEGATIVE_INFINITY
  #isChanged = true
  /**
   * Appends of unknown outcome, by actor. The value is the sequence at which the append expects the actor's
   * last record.
   */
  readonly #unresolved = new Map<string, Map<AppendInFlight, number>>()
  /** Unresolved appends that no cell looks for. */
  #abandoned: Array<{ readonly key: string; readonly append: AppendInFlight }> = []
  /** Commits of former owners that were found in this ownership, until their doubt is over. */
  readonly #found = new Set<number>()
  /**
   * Sequence from which the journal is read, while newer commits are left to that; `undefined` once it has
   * been read.
   */
  #readFrom: number | undefined
  /** Lowest sequence of a commit that is left to the journal. */
  #leftFrom = Number.POSITIVE_INFINITY
  /** Sequence from which the journal is read during the doubt, while newer commits are sent at once. */
  #doubtFrom: number | undefined
  #doubtUntilMs = Number.NEGATIVE_INFINITY
  #doubtAtMs = Number.NEGATIVE_INFINITY
  #doubtPauseMs = DOUBT_FIRST_MS
  #isStarted = false
  #leftAfter = Number.POSITIVE_INFINITY
  /**
   * Commits that are left to the journal. They are kept here because reading may reach the end without
   * finding them.
   */
  #late: Array<{ readonly sequence: number; readonly send: () => void }> = []
  /** Highest sequence of a commit that is left to the journal and not kept in `#late`. */
  #unlistedUpTo = 0
  #writtenAtMs = Number.NEGATIVE_INFINITY
  #lookFrom = 0
  #lookAtMs = Number.POSITIVE_INFINITY
  #lookPauseMs = LOOK_FIRST_MS
  /** End of the journal's partition before this shard's records in it were all read. */
  #quietEnd = -1

  constructor({ shardIndex, shard, slot, epoch, era, types }: Identity) {
    this.shardIndex = shardIndex
    this.shard = shard
    this.slot = slot
    this.epoch = epoch
    this.era = era
    this.types = types
  }

  /** Whether it is known where the former owner stopped. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  /**
   * Sequence up to which everything is settled. `undefined` until it is known where the former owner stopped.
   */
  get settledUpTo(): number | undefined {
    return this.#isStarted ? Math.min(this.watermark.settledUpTo, this.#unreadFrom) : undefined
  }

  /** Sequence up to which everything is settled, parked or owed. */
  get passedUpTo(): number {
    return Math.min(this.watermark.passedUpTo, this.#unreadFrom)
  }

  /**
   * Sequence up to which all timers and later messages are in the mailbox. `undefined` as for {@link
   * settledUpTo}.
   */
  get placedUpTo(): number | undefined {
    if (!this.#isStarted) return undefined
    return Math.min(this.passedUpTo, ...this.exceptions.owed.map(({ sequence }) => sequence - 1))
  }

  /** Sequence after which undiscovered commits of former owners may be. */
  get #unreadFrom(): number {
    const { seen } = this.watermark
    return Math.min(this.#readFrom ?? seen, this.#doubtFrom ?? seen)
  }

  /**
   * Floor for the receiver: what is settled of everything that commits of this era carried to it. `undefined`
   * if an older item is unsettled, so that the receiver goes on remembering former eras.
   */
  floorTo(receiver: string): Floor | undefined {
    if (!this.isExact || !this.#isStarted) return undefined
    const sequence = Math.min(this.watermark.passedUpTo, this.exceptions.lowestTo(receiver) - 1)
    return sequence <= this.takenAt ? undefined : { era: this.era, sequence, atMs: this.#atMs }
  }

  /** Sets where the last owner stopped, and where the journal ended then. */
  start(after: number, end: number, doubtUntilMs: number): void {
    this.#isStarted = true
    this.takenAt = end
    this.#readFrom = after
    this.#lookFrom = end
    this.watermark.saw(Math.max(end, after))
    this.#doubtFrom = after
    // An empty shard in its first epoch has no former owner whose append could be stored, so one reading is
    // enough. If the lease store has lost the former owner, the first look finds it.
    const isNew = this.epoch === 1 && end === 0
    this.#doubt(isNew ? Number.NEGATIVE_INFINITY : doubtUntilMs)
  }

  #doubt(untilMs: number): void {
    this.#doubtUntilMs = Math.max(this.#doubtUntilMs, untilMs)
    this.#doubtAtMs = Number.NEGATIVE_INFINITY
    this.#doubtPauseMs = DOUBT_FIRST_MS
    this.#lookPauseMs = LOOK_FIRST_MS
  }

  /** Reads the doubtful part now. */
  hurry(): void {
    this.#doubtAtMs = Number.NEGATIVE_INFINITY
  }

  /** The outcome of the actor's append is open; its commit may be found by reading. */
  unresolved(key: string, append: AppendInFlight, expectedSequence: number): void {
    const appends = this.#unresolved.get(key) ?? new Map<AppendInFlight, number>()
    this.#unresolved.set(key, appends.set(append, expectedSequence))
  }

  /**
   * The outcome stays open, and no cell looks for it. The journal is read for as long as the append may be
   * stored.
   */
  abandoned(key: string, append: AppendInFlight, expectedSequence: number, untilMs: number): void {
    this.unresolved(key, append, expectedSequence)
    this.#abandoned.push({ key, append })
    this.#doubtFrom = Math.min(this.#doubtFrom ?? append.after, append.after)
    this.#doubt(untilMs)
  }

  /** The append is stored and reported, or can never be stored any more. */
  over(key: string, append: AppendInFlight): void {
    this.watermark.over(append)
    const appends = this.#unresolved.get(key)
    if (appends?.delete(append) === true && appends.size === 0) this.#unresolved.delete(key)
  }

  /** Whether a record of this era has to be sent, although no cell has reported it. */
  isUntold(key: string, sequence: number): boolean {
    if (this.isBehind && sequence >= this.#leftFrom) return true
    for (const expected of this.#unresolved.get(key)?.values() ?? []) if (sequence > expected) return true
    return false
  }

  /** Whether commits are left to the journal, so that they are sent after the older ones there. */
  get isBehind(): boolean {
    return !this.#isStarted || this.#readFrom !== undefined
  }

  /**
   * Leaves the commit to the journal. With `send`, it is sent when all before it is, unless it was read by
   * then.
   */
  leave(sequence: number, send?: () => void): void {
    this.#leftAfter = Math.min(this.#leftAfter, sequence - 1)
    this.#leftFrom = Math.min(this.#leftFrom, sequence)
    if (this.#isStarted) this.#readFrom = Math.min(this.#readFrom ?? sequence - 1, sequence - 1)
    this.watermark.saw(sequence)
    if (send !== undefined && this.#late.length < LATE_MAX) this.#late.push({ sequence, send })
    else this.#unlistedUpTo = Math.max(this.#unlistedUpTo, sequence)
  }

  /** Sequence before the first commit that is left to the journal; infinite without one. */
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

  /** Begins sending a found commit; `undefined`: it was found before. */
  beginFound(sequence: number, itemCount: number): CarryingCommit | undefined {
    if (this.#found.has(sequence)) return undefined
    this.#found.add(sequence)
    return this.begin(sequence, itemCount)
  }

  /** Begins sending the items of a commit. */
  begin(sequence: number, itemCount: number): CarryingCommit {
    this.#isChanged = true
    return this.watermark.carry(sequence, itemCount)
  }

  /** Sequence after which the journal has to be read now; `undefined` if there is no need. */
  toRead(nowMs: number): number | undefined {
    if (this.#readFrom !== undefined) return Math.min(this.#readFrom, this.#doubtFrom ?? this.#readFrom)
    return nowMs >= this.#doubtAtMs ? this.#doubtFrom : undefined
  }

  /** Whether a routine look is due. */
  isLookDue(nowMs: number): boolean {
    return this.#readFrom === undefined && this.#doubtFrom === undefined && nowMs >= this.#lookAtMs
  }

  /**
   * The look that is due, at a partition that ends at `partitionEnd`. The journal is read if anything came
   * since the last look. A busy shard is not read, because its last commits were all just written here.
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

  /** A page up to `upTo` was read. */
  read(upTo: number): void {
    this.watermark.saw(upTo)
    this.#leftAfter = Number.POSITIVE_INFINITY
    if (this.#readFrom !== undefined) this.#readFrom = Math.max(this.#readFrom, upTo)
    if (this.#doubtFrom !== undefined) this.#doubtFrom = Math.max(this.#doubtFrom, upTo)
  }

  /**
   * The journal was read up to `end`, its end at `nowMs`. Commits that came since then are sent after that.
   */
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

  /** Schedules the next look. All shards look together. */
  #rest(nowMs: number): void {
    this.#lookAtMs = Math.ceil((nowMs + this.#lookPauseMs) / LOOK_FIRST_MS) * LOOK_FIRST_MS
    this.#lookPauseMs = Math.min(this.#lookPauseMs * 2, LOOK_MAX_MS)
  }

  /** An item was parked, so the note and the watermark may change without a commit. */
  changed(): void {
    this.#isChanged = true
  }

  /** The takeover note, if it has to be written: `everyMs` have passed, or `isLast`. */
  noteToSave(
    nowMs: number,
    everyMs: number,
    isLast: boolean,
  ): { readonly note: TakeoverNote; readonly text: string } | undefined {
    if (!this.#isStarted || !(this.#isChanged || isLast)) return undefined
    if (!isLast && nowMs - this.#savedAtMs < everyMs) return undefined
    const rows = this.exceptions.rows()
    // There are more receivers than a note may list. The last note stays, and the next owner reads what is
    // above it again.
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

  /** Milliseconds until the next work. */
  restMs(nowMs: number, savePauseMs: number): number {
    if (this.isBehind) return 0
    const saveAtMs = this.#isChanged ? this.#savedAtMs + savePauseMs : Number.POSITIVE_INFINITY
    const readAtMs = this.#doubtFrom === undefined ? this.#lookAtMs : this.#doubtAtMs
    return Math.max(0, Math.min(readAtMs, saveAtMs) - nowMs)
  }
}
