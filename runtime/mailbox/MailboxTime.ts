/**
 * The clock of the mailbox's server, as this node estimates it from the time at which the server stored each
 * message.
 *
 * Owns the estimate. It is relative to the monotonic clock, which is never set. It is never ahead of the
 * server's clock, because a message takes time to arrive.
 */

/**
 * Time after which a lower estimate replaces the present one, in milliseconds, because the server's clock may
 * be set back.
 */
const ESTIMATE_KEPT_MS = 600_000

export class MailboxTime {
  /** Server's time minus monotonic time, from the fastest message of late. */
  #offsetMs: number | undefined
  #learnedAtMs = 0

  /** Learns from a message that has just arrived and that the server stored at `storedAtMs` by its clock. */
  learn(storedAtMs: number, monotonicMs: number): void {
    const offsetMs = storedAtMs - monotonicMs
    const isOld = monotonicMs - this.#learnedAtMs > ESTIMATE_KEPT_MS
    if (this.#offsetMs !== undefined && offsetMs < this.#offsetMs && !isOld) return
    this.#offsetMs = offsetMs
    this.#learnedAtMs = monotonicMs
  }

  /**
   * Milliseconds by which the server's clock is ahead of this node's; 0 if it is not ahead or no message has
   * come yet.
   */
  aheadMs(wallMs: number, monotonicMs: number): number {
    return this.#offsetMs === undefined ? 0 : Math.max(0, this.#offsetMs + monotonicMs - wallMs)
  }
}
