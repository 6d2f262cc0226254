/**
 * Group commit across actors: which appends go alone, and which wait to become one atomic batch.
 *
 * Owns the choice and the queue, not the wire: a journal gives each append a way to be sent alone, and sends batches itself
 * (infra/nats/journal/JournalNats.ts). A server that syncs each write syncs a batch once, so a batch wins where writes are
 * slow and many wait. Where they are fast, or few wait, an append alone has the better latency, and is sent at once.
 *
 * The measure is the time that one append takes of the journal: by Little's law the time of an append divided by the
 * appends that were in flight with it. Where that says "synced", batches are tried, and kept while they take less time
 * for each append than appends alone did.
 */

/** An append on its way. No two members of a batch have the same key. */
export interface GroupMember {
  /** The actor. */
  readonly key: string
  readonly bytes: number
  /** Sends it alone; `ended` is called when its outcome is known or its caller has gone, perhaps more than once. */
  readonly sendAlone: (ended: (() => void) | undefined) => void
  /** It has waited for too long to be sent, so it is not: its caller may read the journal and try again. */
  readonly expire: () => void
}

/** What became of a batch: `refused` stored nothing, so each member is sent alone and gets an answer of its own. */
export type BatchEnd = "answered" | "refused" | "unsupported"

export interface GroupCommitOptions<Member extends GroupMember> {
  readonly mode: GroupCommitMode
  /** Whether the journal takes atomic batches now. A server may be replaced by one of another version. */
  readonly isSupported: () => boolean
  /** Sends members as one batch. `answered`: each member knows its outcome, which may be that it is unknown. */
  readonly sendBatch: (members: ReadonlyArray<Member>, ended: (end: BatchEnd) => void) => void
  /** Runs work after the callbacks of the current turn, so that appends which answer a batch join the next one. */
  readonly soon: (work: () => void) => void
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number
  /** How long a member may wait to be sent, in milliseconds. */
  readonly waitMsMax: number
  /** Fewest members of a batch; default {@link BATCH_MEMBERS_MIN}. */
  readonly membersMin?: number
  /** Appends that are sent alone at the same time while others are grouped; default {@link ALONE_MAX}. */
  readonly aloneMax?: number
}

/** `auto` batches where appends are slow and many wait; `on` wherever many wait; `off` never. */
export type GroupCommitMode = "auto" | "on" | "off"

/** Members of a batch at most: the server's bound. */
export const BATCH_MEMBERS_MAX = 1_000

/** Bytes of a batch at most, data alone. The server takes more; the rest of the connection waits as long as it is sent. */
export const BATCH_BYTES_MAX = 8 * 1024 * 1024

/** A batch is worth its time from so many members on: measured, see docs/BENCHMARKS.md. */
export const BATCH_MEMBERS_MIN = 20

/** Appends that are sent alone at the same time while others are grouped. */
export const ALONE_MAX = 16

/** Time of the journal for one append, in milliseconds, from which on it is taken for synced. */
const SYNCED_FROM_MS = 0.1

/** Appends in flight from which on one of them tells the time that the journal takes for each. */
const MEASURED_FROM = 20

/** Appends, and batches, after which their measured times are believed. */
const ALONE_SAMPLES_MIN = 200
const BATCH_SAMPLES_MIN = 8

/** Part that a new sample has in a mean. */
const ALONE_WEIGHT = 1 / 64
const BATCH_WEIGHT = 1 / 8

/** Batches have to take less than this part of the time of appends alone. */
const GAIN_MIN = 0.7

/** Pause before batches are tried again, in milliseconds, after they did not gain or were not supported. */
const RETRY_MS = 30_000

/** A running mean that forgets. */
class Mean {
  value = 0
  count = 0
  readonly #weight: number

  constructor(weight: number) {
    this.#weight = weight
  }

  add(sample: number): void {
    this.value += (sample - this.value) * (this.count === 0 ? 1 : this.#weight)
    this.count++
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
  /** Members that wait, in the order in which they came, with the time at which they came. */
  readonly #waiting = new Map<Member, number>()
  readonly #alone = new Mean(ALONE_WEIGHT)
  readonly #batch = new Mean(BATCH_WEIGHT)
  #aloneCount = 0
  #isBatchOut = false
  #isFlushDue = false
  /** Whether batches are used now, in mode `auto`. */
  #isGrouping = false
  /** Until then no batch is tried, in milliseconds. */
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(options: GroupCommitOptions<Member>) {
    this.#options = options
    this.#membersMin = options.membersMin ?? BATCH_MEMBERS_MIN
    this.#aloneMax = options.aloneMax ?? ALONE_MAX
  }

  /** Members that wait for the next batch. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Sends an append alone at once, or has it wait for the next batch. */
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

  /** The caller of a member that waits has gone. */
  withdraw(member: Member): void {
    this.#waiting.delete(member)
  }

  /** The connection is another one, perhaps to another server: what was measured of the last one is forgotten. */
  reset(): void {
    this.#isGrouping = false
    this.#alone.clear()
    this.#batch.clear()
    this.#notBeforeMs = Number.NEGATIVE_INFINITY
  }

  #groups(): boolean {
    const { mode, isSupported, nowMs } = this.#options
    if (mode === "off" || (mode === "auto" && !this.#isGrouping)) return false
    return isSupported() && nowMs() >= this.#notBeforeMs
  }

  #sendAlone(member: Member): void {
    const { mode, isSupported, nowMs } = this.#options
    // Nothing to count or to measure where there will be no batches.
    if (mode === "off" || !isSupported()) return member.sendAlone(undefined)
    const inFlight = ++this.#aloneCount
    const sentMs = mode === "auto" && inFlight >= MEASURED_FROM ? nowMs() : undefined
    let isOver = false
    member.sendAlone(() => {
      if (isOver) return
      isOver = true
      if (sentMs !== undefined) this.#measureAlone(nowMs() - sentMs, (inFlight + this.#aloneCount) / 2)
      this.#aloneCount--
      if (this.#waiting.size > 0 && !this.#isBatchOut) this.#flushSoon()
    })
  }

  #measureAlone(tookMs: number, inFlight: number): void {
    this.#alone.add(tookMs / inFlight)
    if (this.#isGrouping || this.#alone.count < ALONE_SAMPLES_MIN) return
    if (this.#alone.value < SYNCED_FROM_MS || this.#options.nowMs() < this.#notBeforeMs) return
    this.#batch.clear()
    this.#isGrouping = this.#options.isSupported()
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
    // A few members wait for the appends that were sent alone: these are about to make room.
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

  /** Takes the members of the next batch: as many as fit, one for each key. */
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
      // Stored nothing: which of the members is at fault, each finds out alone.
      if (end !== "answered") for (const member of members) this.#sendAlone(member)
      if (this.#waiting.size > 0) this.#flushSoon()
    })
  }

  #measureBatch(tookMs: number): void {
    this.#batch.add(tookMs)
    if (this.#options.mode !== "auto" || this.#batch.count < BATCH_SAMPLES_MIN) return
    if (this.#batch.value > GAIN_MIN * this.#alone.value) this.#pause()
  }

  #pause(): void {
    this.#isGrouping = false
    this.#alone.clear()
    this.#notBeforeMs = this.#options.nowMs() + RETRY_MS
  }

  /** Appends that waited for too long are not sent: their callers do not expect them to land so late. */
  #expire(): void {
    const beforeMs = this.#options.nowMs() - this.#options.waitMsMax
    for (const [member, cameMs] of this.#waiting) {
      if (cameMs >= beforeMs) return
      this.#waiting.delete(member)
      member.expire()
    }
  }
}
