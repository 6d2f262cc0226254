/**
 * How far the items of a shard's commits are settled. It is exact, and computed without a clock from what
 * this owner wrote and found.
 *
 * Owns only the arithmetic. An append with an open outcome holds both marks back, because it may get any
 * sequence above the highest one at its beginning. ShardOutbox.ts reports commits and items.
 */
import type { Appending } from "../cell/CommitListener.ts"
import { invariant } from "../invariant/Invariant.ts"

/** A commit whose items are not all settled. */
export interface CarryingCommit {
  readonly sequence: number
  /** Items that are being sent. */
  openCount: number
  /** Items that wait separately (Exceptions.ts). */
  exceptCount: number
}

/** An append whose outcome is open. */
export interface AppendInFlight extends Appending {
  isOver: boolean
}

export class Watermark {
  #seen = 0
  /** Ascending by sequence. All before `#firstUnsettled` are settled. */
  #commits: Array<CarryingCommit> = []
  #firstUnsettled = 0
  /** At or after `#firstUnsettled`. All before it have no item that is being sent. */
  #firstOpen = 0
  /** In order of their beginning. */
  #appends: Array<AppendInFlight> = []
  #firstAppend = 0

  /** Highest known sequence. */
  get seen(): number {
    return this.#seen
  }

  /** The journal has a record of the shard at this sequence. */
  saw(sequence: number): void {
    if (sequence > this.#seen) this.#seen = sequence
  }

  /** An append begins; its outcome is open until {@link over}. */
  begin(): AppendInFlight {
    const append = { after: this.#seen, isOver: false }
    this.#appends.push(append)
    return append
  }

  /** The append is stored and reported here, or can never be stored any more. */
  over(append: AppendInFlight): void {
    append.isOver = true
    while (this.#appends[this.#firstAppend]?.isOver === true) this.#firstAppend++
    if (this.#firstAppend < COMPACT_AT) return
    this.#appends = this.#appends.slice(this.#firstAppend)
    this.#firstAppend = 0
  }

  /** A commit with items, all of which are being sent. */
  carry(sequence: number, itemCount: number): CarryingCommit {
    this.saw(sequence)
    const commit = { sequence, openCount: itemCount, exceptCount: 0 }
    let at = this.#commits.length
    while (at > 0 && (this.#commits[at - 1] as CarryingCommit).sequence > sequence) at--
    this.#commits.splice(at, 0, commit)
    // A commit that was found late may be before settled ones.
    this.#firstUnsettled = Math.min(this.#firstUnsettled, at)
    this.#firstOpen = Math.min(this.#firstOpen, at)
    return commit
  }

  /** An item that was being sent is settled. */
  settled(commit: CarryingCommit): void {
    requireCounted(commit, commit.openCount)
    commit.openCount--
    this.#advance()
  }

  /** An item that was being sent waits separately from now on. */
  excepted(commit: CarryingCommit): void {
    requireCounted(commit, commit.openCount)
    commit.openCount--
    commit.exceptCount++
    this.#advance()
  }

  /** An item that waited separately is settled. */
  exceptionSettled(commit: CarryingCommit): void {
    requireCounted(commit, commit.exceptCount)
    commit.exceptCount--
    this.#advance()
  }

  /** Sequence up to which everything is settled. */
  get settledUpTo(): number {
    return this.#before(this.#commits[this.#firstUnsettled])
  }

  /** Sequence up to which everything is settled or waits separately. */
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

/** An item that left twice would count for another one, which the watermark would then pass unsent. */
const requireCounted = (commit: CarryingCommit, count: number): void =>
  invariant(count > 0, "itemSettledOnce", () => commit)

/** Number of finished entries that are dropped together, because dropping each would move all others. */
const COMPACT_AT = 1_024
