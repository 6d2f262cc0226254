/**
 * The shards that this node owns now, under which epochs and until when. Asked on every command.
 *
 * Owns the fence, by this node's own monotonic clock. A node that could not renew its lease stops using its shards before
 * another member may take them. A node that was cut off or stalled stops before the others evict it. Who takes and hands
 * off slots: Cluster.ts.
 */
import { invariant } from "../invariant/Invariant.ts"

/** A node that has not heard itself over the network for so long has nothing, in milliseconds. */
export const UNREACHED_MS_MAX = 2_500

/** A node that had its connection for so long did not go silent for want of it, in milliseconds. */
const CONNECTED_MS = 10_000

/** Signs of life are this far apart, give or take, in milliseconds. */
export const PROBE_PERIOD_MS = 300

export class Ownership {
  /** Epoch of this node's lease on each shard, by shard index (ShardMap.ts); 0 without a lease. */
  readonly #epochs: Array<number>
  /** Whether a shard of this node takes new work, by shard index: false while it is handed over. */
  readonly #isOpen: Array<boolean>
  /** Monotonic milliseconds. */
  #leaseUntilMs = Number.NEGATIVE_INFINITY
  #reachedUntilMs = Number.NEGATIVE_INFINITY
  #validUntilMs = Number.NEGATIVE_INFINITY

  /** When this node last knew that nobody had taken it for gone. */
  #sureAtMs = Number.NEGATIVE_INFINITY
  readonly #disconnectedAtMs: () => number
  #renewalFailure: string | undefined

  /** `disconnectedAtMs`: when the connection was lost last; now, while there is none. */
  constructor(shardTotal: number, disconnectedAtMs = () => Number.NEGATIVE_INFINITY) {
    this.#disconnectedAtMs = disconnectedAtMs
    this.#epochs = Array.from({ length: shardTotal }, () => 0)
    this.#isOpen = Array.from({ length: shardTotal }, () => false)
  }

  /** Whether this node takes new work for the shard. */
  takes(shardIndex: number, nowMs: number): boolean {
    return this.#isOpen[shardIndex] === true && nowMs < this.#validUntilMs && this.#isInTouch
  }

  /** Epoch under which work in hand may be finished; 0: none. */
  epochOf(shardIndex: number, nowMs: number): number {
    return nowMs < this.#validUntilMs ? (this.#epochs[shardIndex] ?? 0) : 0
  }

  /** Something that was sent within the last moments came back. */
  isReached(sinceMs: number): boolean {
    return this.#reachedUntilMs - UNREACHED_MS_MAX >= sinceMs - PROBE_PERIOD_MS
  }

  isValid(nowMs: number): boolean {
    return nowMs < this.#validUntilMs
  }

  /** This node went silent though it was connected: something in its process held up the event loop. */
  wasHeldUp(nowMs: number): boolean {
    return !this.isValid(nowMs) && nowMs - this.#disconnectedAtMs() > CONNECTED_MS
  }

  /** What kept the lease from being renewed; `undefined` once that has worked. */
  get renewalFailure(): string | undefined {
    return this.#renewalFailure
  }

  notRenewed(failure: string): void {
    this.#renewalFailure = failure
  }

  /** What was sent at `sentAtMs` renewed the lease: by then nobody had taken this node for gone. */
  renewed(sentAtMs: number, untilMs: number): void {
    this.#renewalFailure = undefined
    this.#leaseUntilMs = untilMs
    this.#stay(sentAtMs)
  }

  /**
   * What this node sent out at `sentAtMs` came back to it: the others reach it, too. False: it had been out of reach
   * before, and may have been taken for gone. Then it has nothing until its lease is renewed.
   */
  reached(sentAtMs: number): boolean {
    if (sentAtMs >= this.#reachedUntilMs || !this.#isInTouch) return false
    this.#stay(sentAtMs)
    return true
  }

  /** This node owns nothing from now on. */
  end(): void {
    this.#leaseUntilMs = Number.NEGATIVE_INFINITY
    this.#validUntilMs = Number.NEGATIVE_INFINITY
  }

  /** False from the moment the connection is lost, which is sooner than the silence shows. */
  get #isInTouch(): boolean {
    return this.#disconnectedAtMs() < this.#sureAtMs
  }

  #stay(sentAtMs: number): void {
    this.#sureAtMs = Math.max(this.#sureAtMs, sentAtMs)
    this.#reachedUntilMs = Math.max(this.#reachedUntilMs, sentAtMs + UNREACHED_MS_MAX)
    this.#validUntilMs = Math.min(this.#leaseUntilMs, this.#reachedUntilMs)
  }

  open(shardIndex: number, epoch: number): void {
    invariant(epoch > 0, "shardUnderEpoch", () => ({ shardIndex, epoch }))
    this.#epochs[shardIndex] = epoch
    this.#isOpen[shardIndex] = true
  }

  /** No new work; what is in hand goes on. */
  close(shardIndex: number): void {
    this.#isOpen[shardIndex] = false
  }

  forget(shardIndex: number): void {
    this.#epochs[shardIndex] = 0
    this.#isOpen[shardIndex] = false
  }
}
