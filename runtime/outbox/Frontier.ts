/**
 * How far the outboxes of the journal are known to be dispatched: a position below which nothing is left to send.
 *
 * Owns the arithmetic. Every commit has a place in the journal, without holes: those of this node are told here, what
 * is missing between them was written by others or by a life of this node that ended, and has to be read
 * (Outbox.ts does). What is sent takes no memory, however long one place before it keeps the position back.
 */

/** Places with `after < place <= upTo`. */
export interface Gap {
  readonly after: number
  readonly upTo: number
}

export class Frontier {
  readonly #start: number
  /** Highest place that is known to be taken. */
  #seen: number
  /** Places whose outbox is being sent. */
  readonly #unsent = new Set<number>()
  /** Places that nobody told of, ascending, none next to another. */
  readonly #gaps: Array<Gap> = []

  constructor(position: number) {
    this.#start = position
    this.#seen = position
  }

  /** Everything up to here is sent. Looks at every place that is not. */
  get position(): number {
    let first = this.#gaps[0]?.after ?? this.#seen
    for (const place of this.#unsent) first = Math.min(first, place - 1)
    return first
  }

  get seen(): number {
    return this.#seen
  }

  /** The journal reaches up to `sequence`; what is new of it is a gap. */
  reaches(sequence: number): void {
    if (sequence <= this.#seen) return
    const last = this.#gaps.at(-1)
    if (last?.upTo === this.#seen) this.#gaps[this.#gaps.length - 1] = { after: last.after, upTo: sequence }
    else this.#gaps.push({ after: this.#seen, upTo: sequence })
    this.#seen = sequence
  }

  /** Somebody told of this place. */
  isKnown(sequence: number): boolean {
    return sequence <= this.#start || (sequence <= this.#seen && this.#gapAt(sequence) === undefined)
  }

  /** The commit at `sequence` is known; what it carries is being sent. False: it was known before. */
  begin(sequence: number): boolean {
    if (!this.#tell(sequence)) return false
    this.#unsent.add(sequence)
    return true
  }

  /** Everything that the commit at `sequence` carries is sent. */
  done(sequence: number): void {
    if (!this.#unsent.delete(sequence)) this.#tell(sequence)
  }

  /** The first stretch of places that nobody told of, `undefined` where there is none. */
  gap(): Gap | undefined {
    return this.#gaps[0]
  }

  /** Takes a place out of the gaps. False: it is in none. */
  #tell(sequence: number): boolean {
    if (sequence > this.#seen) {
      this.reaches(sequence - 1)
      this.#seen = sequence
      return true
    }
    const index = this.#gapAt(sequence)
    if (index === undefined) return false
    const { after, upTo } = this.#gaps[index] as Gap
    const left = [
      { after, upTo: sequence - 1 },
      { after: sequence, upTo },
    ]
    this.#gaps.splice(index, 1, ...left.filter((gap) => gap.after < gap.upTo))
    return true
  }

  /** Index of the gap that holds a place. */
  #gapAt(sequence: number): number | undefined {
    let low = 0
    let high = this.#gaps.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#gaps[middle] as Gap).upTo < sequence) low = middle + 1
      else high = middle
    }
    const found = this.#gaps[low]
    return found !== undefined && found.after < sequence ? low : undefined
  }
}
