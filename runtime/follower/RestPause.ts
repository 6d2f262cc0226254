/**
 * The pause between two looks at an idle source: longer each time that nothing has changed, short again at a
 * change.
 *
 * Owns the doubling. An idle follower asks the journal for its last sequence, and a projection reads its
 * stored offset, more and more rarely.
 */

/**
 * First and longest pause between two queries for the journal's last sequence, which gives the lag, in
 * milliseconds.
 */
export const LAG_SAMPLE_MS = 2_000
export const LAG_SAMPLE_MS_MAX = 600_000

export class RestPause {
  readonly #firstMs: number
  readonly #maxMs: number
  #pauseMs: number
  #seen: number | undefined

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
    this.#pauseMs = firstMs
  }

  /** Milliseconds to wait after `seen`: longer if it is unchanged and the follower `rests`. */
  after(seen: number | undefined, rests = true): number {
    const isSame = rests && seen !== undefined && seen === this.#seen
    this.#pauseMs = isSame ? Math.min(this.#pauseMs * 2, this.#maxMs) : this.#firstMs
    this.#seen = seen
    return this.#pauseMs
  }
}
