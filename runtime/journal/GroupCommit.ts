/**
 * Group commit across actors: which appends are sent alone, and which wait to become one atomic batch.
 *
 * Owns the choice and the queue, not the wire: a journal tells how to send an append alone, and sends batches
 * itself (infra/nats/journal/JournalNats.ts). A server that syncs each write syncs a batch once. So a batch
 * is better if writes are slow and many wait. If writes are fast, or few wait, an append alone has the better
 * latency and is sent at once.
 *
 * The measure is the time that one append takes of the journal: by Little's law the duration of an append
 * divided by the number of appends in flight with it. If that says that the journal syncs, batches are tried.
 * They are kept while they take less time for each append than appends alone do, which is measured again now and then.
 */

/** An append that waits or is sent. No two members of a batch have the same key. */
export interface GroupMember {
  /** Key of the actor. */
  readonly key: string
  readonly bytes: number
  /**
   * Sends the append alone. `ended` is called when its outcome is known or its caller has gone, perhaps more
   * than once.
   */
  readonly sendAlone: (ended: (() => void) | undefined) => void
  /** Ends an append that has waited too long to be sent. Its caller may read the journal and try again. */
  readonly expire: () => void
}

/** End of a batch. `refused` stored nothing, so each member is sent alone and gets an answer of its own. */
export type BatchEnd = "answered" | "refused" | "unsupported"

export interface GroupCommitOptions<Member extends GroupMember> {
  readonly mode: GroupCommitMode
  /** Whether the journal takes atomic batches now. The server may be replaced by one of another version. */
  readonly isSupported: () => boolean
  /** Sends members as one batch. After `answered` each member knows its outcome, which may be "unknown". */
  readonly sendBatch: (members: ReadonlyArray<Member>, ended: (end: BatchEnd) => void) => void
  /**
   * Runs work after the callbacks of the current turn, so that the appends that follow a batch's answers join
   * the next batch.
   */
  readonly soon: (work: () => void) => void
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number
  /** How long a member may wait to be sent, in milliseconds. */
  readonly waitMsMax: number
  /** Smallest number of members of a batch; default {@link BATCH_MEMBERS_MIN}. */
  readonly membersMin?: number
  /**
   * Number of appends that are sent alone at the same time while others are grouped; default {@link
   * ALONE_MAX}.
   */
  readonly aloneMax?: number
}

/** `auto` batches if appends are slow and many wait; `on` whenever many wait; `off` never. */
export type GroupCommitMode = "auto" | "on" | "off"

/** Largest number of members of a batch: the server's limit. */
export const BATCH_MEMBERS_MAX = 1_000

/**
 * Largest size of a batch's data, in bytes. The server takes more, but the rest of the connection waits while
 * it is sent.
 */
export const BATCH_BYTES_MAX = 8 * 1024 * 1024

/** Number of members from which a batch saves time: measured, see docs/BENCHMARKS.md. */
export const BATCH_MEMBERS_MIN = 20

/** Number of appends that are sent alone at the same time while others are grouped. */
export const ALONE_MAX = 16

/**
 * Time of the journal for one append, in milliseconds, from which the journal is considered to sync each
 * write.
 */
const SYNCED_FROM_MS = 0.1

/** Number of appends in flight from which the duration of one tells the journal's time for each. */
const MEASURED_FROM = 20

/** Shortest time between two appends that are measured, in milliseconds. So a pause of the process is few samples, not many. */
const SAMPLE_EVERY_MS = 1

/** Number of measured appends, and batches, from which their mean is used. */
const ALONE_SAMPLES_MIN = 40
const BATCH_SAMPLES_MIN = 8

/** Weight of a new sample in a mean. */
const ALONE_WEIGHT = 1 / 32
const BATCH_WEIGHT = 1 / 8

/** Largest time of batches, as a part of the time of appends alone, with which batches are kept. */
const GAIN_MIN = 0.7

/**
 * First and longest pause before batches are tried again, in milliseconds, if they saved no time or were not supported. The
 * first is short, because the first batches of a process may have been slow for another reason.
 */
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 30_000

/**
 * First and longest time for which appends are grouped before some go alone again, in milliseconds. They show whether batches
 * still pay: the appends that spoke for batches may have been slow because the process had just started.
 */
const PROBE_FIRST_MS = 2_000
const PROBE_MAX_MS = 30_000

/** A running mean. Once there are many samples, old ones lose weight. */
class Mean {
  value = 0
  count = 0
  readonly #weight: number

  constructor(weight: number) {
    this.#weight = weight
  }

  add(sample: number): void {
    this.count++
    this.value += (sample - this.value) * Math.max(this.#weight, 1 / this.count)
  }

  clear(): void {
    this.value = 0
    this.count = 0
  }
}

export class GroupCommit<Member extends GroupMember> {
  readonly #options: GroupCommitOptions<Member>
  readonly #membersMin: number
  readonly #aloneMax: number
  /** Members that wait, in the order of their arrival, with the time of their arrival. */
  readonly #waiting = new Map<Member, number>()
  readonly #alone = new Mean(ALONE_WEIGHT)
  readonly #batch = new Mean(BATCH_WEIGHT)
  #aloneCount = 0
  /** Time from which the next append may be measured, in milliseconds. */
  #sampleFromMs = Number.NEGATIVE_INFINITY
  #isBatchOut = false
  #isFlushDue = false
  /** Whether batches are used now, in mode `auto`. */
  #isGrouping = false
  /** Time before which no batch is tried, in milliseconds. */
  #notBeforeMs = Number.NEGATIVE_INFINITY
  /** Time from which appends go alone again, to be measured, in milliseconds. */
  #probeAtMs = Number.POSITIVE_INFINITY
  #probeAfterMs = PROBE_FIRST_MS
  #retryAfterMs = RETRY_FIRST_MS

  constructor(options: GroupCommitOptions<Member>) {
    this.#options = options
    this.#membersMin = options.membersMin ?? BATCH_MEMBERS_MIN
    this.#aloneMax = options.aloneMax ?? ALONE_MAX
  }

  /** Number of members that wait for the next batch. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Sends an append alone at once, or lets it wait for the next batch. */
  offer(member: Member): void {
    if (
      !this.#groups() ||
      !(this.#isBatchOut || this.#waiting.size > 0 || this.#aloneCount >= this.#aloneMax)
    ) {
      return this.#sendAlone(member)
    }
    this.#waiting.set(member, this.#options.nowMs())
    if (!this.#isBatchOut) this.#flushSoon()
  }

  /** Removes a waiting member, because its caller has gone. */
  withdraw(member: Member): void {
    this.#waiting.delete(member)
  }

  /** Forgets all measurements, because the connection is new and may lead to another server. */
  reset(): void {
    this.#isGrouping = false
    this.#alone.clear()
    this.#batch.clear()
    this.#notBeforeMs = Number.NEGATIVE_INFINITY
    this.#probeAfterMs = PROBE_FIRST_MS
  }

  #groups(): boolean {
    const { mode, isSupported, nowMs } = this.#options
    if (mode === "off" || (mode === "auto" && !this.#isGrouping)) return false
    return isSupported() && nowMs() >= this.#notBeforeMs
  }

  #sendAlone(member: Member): void {
    const { mode, isSupported, nowMs } = this.#options
    // No batches will be made, so there is nothing to count or measure.
    if (mode === "off" || !isSupported()) return member.sendAlone(undefined)
    const inFlight = ++this.#aloneCount
    const sentMs = mode === "auto" && inFlight >= MEASURED_FROM ? this.#sample() : undefined
    let isOver = false
    member.sendAlone(() => {
      if (isOver) return
      isOver = true
      if (sentMs !== undefined) this.#measureAlone(nowMs() - sentMs, (inFlight + this.#aloneCount) / 2)
      this.#aloneCount--
      if (this.#waiting.size > 0 && !this.#isBatchOut) this.#flushSoon()
    })
  }

  /** The time, if an append that is sent now is to be measured. */
  #sample(): number | undefined {
    const nowMs = this.#options.nowMs()
    if (nowMs < this.#sampleFromMs) return undefined
    this.#sampleFromMs = nowMs + SAMPLE_EVERY_MS
    return nowMs
  }

  #measureAlone(tookMs: number, inFlight: number): void {
    this.#alone.add(tookMs / inFlight)
    if (this.#isGrouping || this.#alone.count < ALONE_SAMPLES_MIN) return
    const nowMs = this.#options.nowMs()
    if (this.#alone.value < SYNCED_FROM_MS || nowMs < this.#notBeforeMs) return
    this.#batch.clear()
    this.#isGrouping = this.#options.isSupported()
    this.#probeAtMs = nowMs + this.#probeAfterMs
    this.#probeAfterMs = Math.min(2 * this.#probeAfterMs, PROBE_MAX_MS)
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    this.#options.soon(() => {
      this.#isFlushDue = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#isBatchOut) return
    this.#expire()
    const isWorthwhile = this.#waiting.size >= this.#membersMin && this.#groups()
    // A few members wait until appends that were sent alone end and make room.
    if (!isWorthwhile && this.#groups() && this.#aloneCount >= this.#aloneMax) return
    const members = this.#take()
    if (members.length === 0) return
    if (!isWorthwhile || members.length < this.#membersMin) {
      for (const member of members) this.#sendAlone(member)
      if (this.#waiting.size > 0) this.#flushSoon()
      return
    }
    this.#sendBatch(members)
  }

  /** Takes the members of the next batch: as many as fit, one of each key. */
  #take(): ReadonlyArray<Member> {
    const members: Array<Member> = []
    const keys = new Set<string>()
    let bytes = 0
    for (const member of this.#waiting.keys()) {
      if (keys.has(member.key)) continue
      if (members.length > 0 && bytes + member.bytes > BATCH_BYTES_MAX) break
      members.push(member)
      keys.add(member.key)
      bytes += member.bytes
      if (members.length === BATCH_MEMBERS_MAX) break
    }
    for (const member of members) this.#waiting.delete(member)
    return members
  }

  #sendBatch(members: ReadonlyArray<Member>): void {
    const { nowMs, sendBatch } = this.#options
    const sentMs = nowMs()
    this.#isBatchOut = true
    sendBatch(members, (end) => {
      this.#isBatchOut = false
      if (end === "answered") this.#measureBatch((nowMs() - sentMs) / members.length)
      if (end === "unsupported") this.#pause()
      // The batch stored nothing. Sent alone, each member finds out whether it was at fault.
      if (end !== "answered") for (const member of members) this.#sendAlone(member)
      if (this.#waiting.size > 0) this.#flushSoon()
    })
  }

  #measureBatch(tookMs: number): void {
    this.#batch.add(tookMs)
    const { mode, nowMs } = this.#options
    if (mode !== "auto" || this.#batch.count < BATCH_SAMPLES_MIN) return
    if (this.#batch.value > GAIN_MIN * this.#alone.value) this.#pause()
    else if (nowMs() >= this.#probeAtMs) this.#probe()
  }

  /** Lets appends go alone until they are measured again. */
  #probe(): void {
    this.#retryAfterMs = RETRY_FIRST_MS
    this.#isGrouping = false
    this.#alone.clear()
  }

  #pause(): void {
    this.#isGrouping = false
    this.#alone.clear()
    this.#notBeforeMs = this.#options.nowMs() + this.#retryAfterMs
    this.#retryAfterMs = Math.min(2 * this.#retryAfterMs, RETRY_MAX_MS)
  }

  /** Ends appends that waited too long, because their callers do not expect them to be stored so late. */
  #expire(): void {
    const beforeMs = this.#options.nowMs() - this.#options.waitMsMax
    for (const [member, cameMs] of this.#waiting) {
      if (cameMs >= beforeMs) return
      this.#waiting.delete(member)
      member.expire()
    }
  }
}
