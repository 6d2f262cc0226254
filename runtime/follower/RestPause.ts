/**
 * The pause between two looks at something that rests: longer each time that nothing has changed, short again at once.
 *
 * Owns the doubling. A follower without work asks the journal for its last sequence, and a projection looks at its stored
 * offset, ever more rarely.
 */

/** How often the journal is asked for its last sequence, from which the lag is told, in milliseconds; longest at rest. */
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

  /** Milliseconds to wait after `seen` was seen: more where it was seen before and the follower `rests`. */
  after(seen: number | undefined, rests = true): number {
    const isSame = rests && seen !== undefined && seen === this.#seen
    this.#pauseMs = isSame ? Math.min(this.#pauseMs * 2, this.#maxMs) : this.#firstMs
    this.#seen = seen
    return this.#pauseMs
  }
}
