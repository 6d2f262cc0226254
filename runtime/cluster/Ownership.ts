/**
 * What this node has now, asked on every command: which shards, under which epochs, and until when.
 *
 * Owns the fence. A node that could not renew in time has nothing, by its own monotonic clock, before anybody else may
 * take what it had. Who takes and gives: Cluster.ts.
 */

export class Ownership {
  /** Index = place (Slot.ts); 0: not ours. */
  readonly #epochs: Array<number>
  /** Ours, and not on its way to somebody else. */
  readonly #isOpen: Array<boolean>
  /** Monotonic milliseconds. */
  #validUntilMs = Number.NEGATIVE_INFINITY

  constructor(placeCount: number) {
    this.#epochs = Array.from({ length: placeCount }, () => 0)
    this.#isOpen = Array.from({ length: placeCount }, () => false)
  }

  /** Takes new work for this place. */
  takes(place: number, nowMs: number): boolean {
    return this.#isOpen[place] === true && nowMs < this.#validUntilMs
  }

  /** Epoch under which work in hand may be finished; 0: none. */
  epochOf(place: number, nowMs: number): number {
    return nowMs < this.#validUntilMs ? (this.#epochs[place] ?? 0) : 0
  }

  isValid(nowMs: number): boolean {
    return nowMs < this.#validUntilMs
  }

  extend(untilMs: number): void {
    this.#validUntilMs = untilMs
  }

  open(place: number, epoch: number): void {
    this.#epochs[place] = epoch
    this.#isOpen[place] = true
  }

  /** No new work; what is in hand goes on. */
  close(place: number): void {
    this.#isOpen[place] = false
  }

  forget(place: number): void {
    this.#epochs[place] = 0
    this.#isOpen[place] = false
  }
}
