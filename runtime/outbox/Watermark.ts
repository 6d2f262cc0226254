/**
 * How far what a shard's commits carry is settled: exact, from what this owner of the shard wrote and found, without a clock.
 *
 * Owns the arithmetic alone. An append whose outcome is open holds both marks back: it may get any sequence above the one
 * that was the highest when it began. Who tells it of commits and items: ShardOutbox.ts.
 */
import type { Appending } from "../cell/CommitListener.ts"

/** A commit whose items are not all settled. */
export interface CarryingCommit {
  readonly sequence: number
  /** Items that are on their way. */
  openCount: number
  /** Items that wait somewhere by themselves (Exceptions.ts). */
  exceptCount: number
}

/** An append whose outcome is open. */
export interface AppendInFlight extends Appending {
  isOver: boolean
}

export class Watermark {
  #seen = 0
  /** Ascending by sequence; those before `#firstUnsettled` are settled. */
  #commits: Array<CarryingCommit> = []
  #firstUnsettled = 0
  /** At or behind `#firstUnsettled`; those before it have no item on its way. */
  #firstOpen = 0
  /** In the order in which they began. */
  #appends: Array<AppendInFlight> = []
  #firstAppend = 0

  /** Highest sequence that is known. */
  get seen(): number {
    return this.#seen
  }

  /** The journal has a record of the shard there. */
  saw(sequence: number): void {
    if (sequence > this.#seen) this.#seen = sequence
  }

  /** An append begins; its outcome is open until {@link over}. */
  begin(): AppendInFlight {
    const append = { after: this.#seen, isOver: false }
    this.#appends.push(append)
    return append
  }

  /** The append is stored and told here, or can never be stored any more. */
  over(append: AppendInFlight): void {
    append.isOver = true
    while (this.#appends[this.#firstAppend]?.isOver === true) this.#firstAppend++
    if (this.#firstAppend < COMPACT_AT) return
    this.#appends = this.#appends.slice(this.#firstAppend)
    this.#firstAppend = 0
  }

  /** A commit with items, all of them on their way. */
  carry(sequence: number, itemCount: number): CarryingCommit {
    this.saw(sequence)
    const commit = { sequence, openCount: itemCount, exceptCount: 0 }
    let at = this.#commits.length
    while (at > 0 && (this.#commits[at - 1] as CarryingCommit).sequence > sequence) at--
    this.#commits.splice(at, 0, commit)
    // One that was found late may lie behind what was settled.
    this.#firstUnsettled = Math.min(this.#firstUnsettled, at)
    this.#firstOpen = Math.min(this.#firstOpen, at)
    return commit
  }

  /** An item that was on its way is settled. */
  settled(commit: CarryingCommit): void {
    commit.openCount--
    this.#advance()
  }

  /** An item that was on its way waits by itself from now on. */
  excepted(commit: CarryingCommit): void {
    commit.openCount--
    commit.exceptCount++
    this.#advance()
  }

  /** An item that waited by itself is settled. */
  exceptionSettled(commit: CarryingCommit): void {
    commit.exceptCount--
    this.#advance()
  }

  /** Everything up to here is settled. */
  get settledUpTo(): number {
    return this.#before(this.#commits[this.#firstUnsettled])
  }

  /** Everything up to here is settled or waits by itself. */
  get passedUpTo(): number {
    return this.#before(this.#commits[this.#firstOpen])
  }

  #before(commit: CarryingCommit | undefined): number {
    const append = this.#appends[this.#firstAppend]
    return Math.min(commit === undefined ? this.#seen : commit.sequence - 1, append?.after ?? this.#seen)
  }

  #advance(): void {
    const commits = this.#commits
    const isPassed = (at: number) => (commits[at] as CarryingCommit).openCount === 0
    const isSettled = (at: number) => isPassed(at) && (commits[at] as CarryingCommit).exceptCount === 0
    while (this.#firstUnsettled < commits.length && isSettled(this.#firstUnsettled)) this.#firstUnsettled++
    this.#firstOpen = Math.max(this.#firstOpen, this.#firstUnsettled)
    while (this.#firstOpen < commits.length && isPassed(this.#firstOpen)) this.#firstOpen++
    if (this.#firstUnsettled < COMPACT_AT) return
    this.#commits = commits.slice(this.#firstUnsettled)
    this.#firstOpen -= this.#firstUnsettled
    this.#firstUnsettled = 0
  }
}

/** Entries that are done with are dropped together: dropping each would move all others. */
const COMPACT_AT = 1_024
