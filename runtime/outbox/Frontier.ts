/**
 * How far the outboxes of the journal are known to be dispatched: a position below which nothing is left to send.
 *
 * Owns the arithmetic. Every commit has a place in the journal, without holes: those of this node are told here, what
 * is missing between them was written by others or by a life of this node that ended, and has to be read
 * (Outbox.ts does).
 */

export class Frontier {
  #position: number
  /** Highest place that is known to be taken. */
  #seen: number
  /** Places above the position: true where everything is sent, false where that is under way. */
  readonly #known = new Map<number, boolean>()

  constructor(position: number) {
    this.#position = position
    this.#seen = position
  }

  /** Everything up to here is sent. */
  get position(): number {
    return this.#position
  }

  get seen(): number {
    return this.#seen
  }

  /** The journal reaches up to `sequence`. */
  reaches(sequence: number): void {
    this.#seen = Math.max(this.#seen, sequence)
  }

  /** The commit at `sequence` is known; what it carries is being sent. False: it was known before. */
  begin(sequence: number): boolean {
    this.reaches(sequence)
    if (sequence <= this.#position || this.#known.has(sequence)) return false
    this.#known.set(sequence, false)
    return true
  }

  /** Everything that the commit at `sequence` carries is sent. */
  done(sequence: number): void {
    this.reaches(sequence)
    if (sequence <= this.#position) return
    this.#known.set(sequence, true)
    while (this.#known.get(this.#position + 1) === true) {
      this.#position++
      this.#known.delete(this.#position)
    }
  }

  /** The first stretch of places that nobody told of, `undefined` where there is none. */
  gap(): { readonly after: number; readonly upTo: number } | undefined {
    let after = this.#position
    while (this.#known.has(after + 1)) after++
    if (after >= this.#seen) return undefined
    let upTo = after + 1
    while (upTo < this.#seen && !this.#known.has(upTo + 1)) upTo++
    return { after, upTo }
  }
}
