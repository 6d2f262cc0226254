/**
 * The time of the mailbox's server, as this node learns it: every message tells when the server stored it.
 *
 * Owns the estimate. It is kept against the monotonic clock, which is never set, and is never ahead of the server's own:
 * a message takes time to come here.
 */

/** Time after which an estimate gives way to a lower one, in milliseconds: the server's own clock may be set back. */
const ESTIMATE_KEPT_MS = 600_000

export class MailboxTime {
  /** Server's time less monotonic time; what came with the fastest message of late. */
  #offsetMs: number | undefined
  #learnedAtMs = 0

  /** A message that the server stored at `storedAtMs`, by its clock, is here now. */
  learn(storedAtMs: number, monotonicMs: number): void {
    const offsetMs = storedAtMs - monotonicMs
    const isOld = monotonicMs - this.#learnedAtMs > ESTIMATE_KEPT_MS
    if (this.#offsetMs !== undefined && offsetMs < this.#offsetMs && !isOld) return
    this.#offsetMs = offsetMs
    this.#learnedAtMs = monotonicMs
  }

  /** By how much the server's clock is ahead of this node's; 0 where it is not, or nothing is known. */
  aheadMs(wallMs: number, monotonicMs: number): number {
    return this.#offsetMs === undefined ? 0 : Math.max(0, this.#offsetMs + monotonicMs - wallMs)
  }
}
