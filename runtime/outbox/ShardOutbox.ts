/**
 * How far one shard's outboxes are sent, and what of its journal still has to be read for it.
 *
 * Owns the arithmetic, no work: commits of this node are told here as they are acknowledged; those of others, and those
 * whose acknowledgement was lost, are found by reading the shard's journal while there is doubt that any may be there:
 * after the shard was taken (a former owner's append may still land) and after an append of unknown outcome.
 * Who reads and sends: Outbox.ts.
 */
import { Semaphore } from "effect"

/** Commits that are kept while older ones are read from the journal; further ones are read, too. */
const LATE_MAX = 1_000

/** A turn that comes so much later than it should says that the process stood still, in milliseconds. */
const STALL_MS = 1_000

/** Generations of what was sent that are remembered while the journal cannot be read, or the process stands still often. */
const GENERATIONS_MAX = 8

/** First and longest pause between two readings while there is doubt, in milliseconds: what lands late mostly does so soon. */
const DOUBT_FIRST_MS = 500
const DOUBT_MAX_MS = 5_000

/** First and longest pause between two looks at a shard's end for which there is no reason, in milliseconds. */
const LOOK_FIRST_MS = 10_000
const LOOK_MAX_MS = 600_000

/** Which shard it is. */
interface Identity {
  readonly place: number
  readonly shard: number
  /** Under which this node has it. */
  readonly epoch: number
  /** Name of its watermark. */
  readonly checkpoint: string
  /** Actor types whose commits are sent here. */
  readonly types: ReadonlySet<string>
  /** An append that was begun that long ago is stored and known, or there is doubt; in milliseconds. */
  readonly settledMs: number
}

interface Floor {
  readonly place: number
  readonly sinceMs: number
}

export class ShardOutbox implements Identity {
  readonly place: number
  readonly shard: number
  readonly epoch: number
  readonly checkpoint: string
  readonly types: ReadonlySet<string>
  readonly settledMs: number
  /** One look at a time. */
  readonly turn = Semaphore.makeUnsafe(1)
  /** Jobs that wait or are in work. */
  jobCount = 0
  savedPosition = -1
  /** Where the journal ended when this node took the shard. */
  takenAt = 0
  savedAtMs = Number.NEGATIVE_INFINITY
  /** Something was sent that the saved position does not include. */
  hasSent = false
  /** Highest place that is known of. */
  #seen = 0
  readonly #unsent = new Set<number>()
  /** Sent lately, newest generation last. */
  #sent: Array<Set<number>> = [new Set()]
  /** Where a generation began: all that was stored and unknown then lies above. The first one's appends are settled. */
  #floors: Array<Floor> = [{ place: 0, sinceMs: Number.NEGATIVE_INFINITY }]
  /** The journal is read from here on, and newer commits are left to that; undefined: it has been read. */
  #readFrom: number | undefined
  /** The journal is read from here on, beside newer commits, until the doubt is over. */
  #doubtFrom: number | undefined
  #doubtUntilMs = Number.NEGATIVE_INFINITY
  #doubtAtMs = Number.NEGATIVE_INFINITY
  #doubtPauseMs = DOUBT_FIRST_MS
  #isPlaced = false
  #leftAfter = Number.POSITIVE_INFINITY
  /** Left to the journal, and kept here in case that it does not get there first. */
  #late: Array<{ readonly sequence: number; readonly send: () => void }> = []
  /** Up to here commits may be left that are not kept. */
  #unlistedUpTo = 0
  #lookAtMs = Number.POSITIVE_INFINITY
  #lookPauseMs = LOOK_FIRST_MS
  /** Where the journal's partition ended before everything of this shard in it was read. */
  #quietEnd = -1

  constructor({ place, shard, epoch, checkpoint, types, settledMs }: Identity) {
    this.place = place
    this.shard = shard
    this.epoch = epoch
    this.checkpoint = checkpoint
    this.types = types
    this.settledMs = settledMs
  }

  get isPlaced(): boolean {
    return this.#isPlaced
  }

  /** Everything up to here is sent, whatever becomes of appends that are on their way. */
  get position(): number {
    return Math.min(this.positionAtRest, this.#floor.place)
  }

  /** Everything up to here is sent if no append is on its way. */
  get positionAtRest(): number {
    let first = Math.min(this.#readFrom ?? this.#seen, this.#doubtFrom ?? this.#seen)
    for (const place of this.#unsent) first = Math.min(first, place - 1)
    return first
  }

  /** Where the last owner left off, and where the journal ended then. */
  start(position: number, end: number, doubtUntilMs: number): void {
    this.#isPlaced = true
    this.savedPosition = position
    this.takenAt = end
    this.#readFrom = position
    this.#seen = Math.max(this.#seen, end, position)
    this.#floors = [{ place: position, sinceMs: Number.NEGATIVE_INFINITY }]
    // An append of before that was not found to have landed yet is above it.
    this.#doubtFrom = position
    // A shard that was nobody's and is empty has no former owner whose append could land: one reading will do. Should the
    // lease store have lost who it was, the first look finds it.
    const isNew = this.epoch === 1 && end === 0
    this.doubt(isNew ? Number.NEGATIVE_INFINITY : doubtUntilMs)
  }

  /** Commits of others, or of lost acknowledgements, may be there or come until then. */
  doubt(untilMs: number): void {
    // What landed before the last reading was read by it.
    this.#doubtFrom ??= this.#floor.place
    this.#doubtUntilMs = Math.max(this.#doubtUntilMs, untilMs)
    this.#doubtAtMs = Number.NEGATIVE_INFINITY
    this.#doubtPauseMs = DOUBT_FIRST_MS
    this.#lookPauseMs = LOOK_FIRST_MS
  }

  /** What is in doubt is read now. */
  hurry(): void {
    this.#doubtAtMs = Number.NEGATIVE_INFINITY
  }

  /** Commits are left to the journal, so that they are sent after the older ones there. */
  get isBehind(): boolean {
    return !this.#isPlaced || this.#readFrom !== undefined
  }

  /** The commit is left to the journal. With `send` it is sent when all before it is, if it was not read by then. */
  leave(sequence: number, send?: () => void): void {
    this.#leftAfter = Math.min(this.#leftAfter, sequence - 1)
    if (this.#isPlaced) this.#readFrom = Math.min(this.#readFrom ?? sequence - 1, sequence - 1)
    this.#seen = Math.max(this.#seen, sequence)
    if (send !== undefined && this.#late.length < LATE_MAX) this.#late.push({ sequence, send })
    else this.#unlistedUpTo = Math.max(this.#unlistedUpTo, sequence)
  }

  /** Place before the first commit that is left to the journal; none: infinite. */
  get leftAfter(): number {
    return this.#leftAfter
  }

  /** A commit that carries nothing. */
  saw(sequence: number): void {
    if (sequence > this.#seen) this.#seen = sequence
  }

  isKnown(sequence: number): boolean {
    return this.#unsent.has(sequence) || this.#sent.some((generation) => generation.has(sequence))
  }

  /** What the commit carries is being sent. False: it was, or has been, already. */
  begin(sequence: number): boolean {
    this.saw(sequence)
    if (this.isKnown(sequence)) return false
    this.#unsent.add(sequence)
    return true
  }

  saved(position: number, nowMs: number): void {
    this.savedPosition = position
    this.savedAtMs = nowMs
    if (position === this.#seen) this.hasSent = false
  }

  done(sequence: number): void {
    this.hasSent = true
    this.#unsent.delete(sequence)
    this.#sent.at(-1)?.add(sequence)
  }

  /** After which place the journal has to be read now; `undefined`: there is no need. */
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
    const isBusy = nowMs - this.#floor.sinceMs < LOOK_FIRST_MS
    if (isBusy) this.#lookPauseMs = LOOK_FIRST_MS
    if (isBusy || partitionEnd === this.#quietEnd) return this.#rest(nowMs)
    this.#quietEnd = partitionEnd
    this.#doubtFrom = this.#floor.place
  }

  get #floor(): Floor {
    return this.#floors[0] as Floor
  }

  /** A page was read, up to `upTo`. */
  read(upTo: number): void {
    this.saw(upTo)
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
    this.#doubtFrom = undefined
    this.#rest(nowMs)
  }

  /** Until the next look, which all shards take together. */
  #rest(nowMs: number): void {
    this.#lookAtMs = Math.ceil((nowMs + this.#lookPauseMs) / LOOK_FIRST_MS) * LOOK_FIRST_MS
    this.#lookPauseMs = Math.min(this.#lookPauseMs * 2, LOOK_MAX_MS)
  }

  /** Milliseconds until there is something to do. */
  restMs(nowMs: number, savePauseMs: number): number {
    if (this.isBehind) return 0
    const isSaved = this.#seen === this.savedPosition && this.#unsent.size === 0
    const saveAtMs = isSaved ? Number.POSITIVE_INFINITY : this.#turnedAtMs + savePauseMs
    const readAtMs = this.#doubtFrom === undefined ? this.#lookAtMs : this.#doubtAtMs
    return Math.max(0, Math.min(readAtMs, saveAtMs) - nowMs)
  }

  /** Whether `everyMs` have passed since the last generation began. If so, another begins, and what is settled is forgotten. */
  turnGeneration(nowMs: number, everyMs: number): boolean {
    const lateMs = nowMs - this.#turnedAtMs - everyMs
    if (lateMs < 0) return false
    this.#sent.push(new Set())
    this.#floors.push({ place: this.#seen, sinceMs: nowMs })
    // After a stall time-outs have yet to be told.
    if (lateMs <= STALL_MS || this.#floors.length > GENERATIONS_MAX) this.#forgetSettled(nowMs)
    return true
  }

  /** What may be read again in doubt is remembered. */
  #forgetSettled(nowMs: number): void {
    while (this.#floors.length > 1) {
      const { place, sinceMs } = this.#floors[1] as Floor
      const isInDoubt = place > (this.#doubtFrom ?? place) && this.#floors.length <= GENERATIONS_MAX
      if (sinceMs > nowMs - this.settledMs || isInDoubt) return
      this.#sent.shift()
      this.#floors.shift()
    }
  }

  get #turnedAtMs(): number {
    return this.#floors.at(-1)?.sinceMs ?? Number.NEGATIVE_INFINITY
  }
}
