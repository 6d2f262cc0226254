/**
 * The tells of this process to one actor that are on their way to its cell, in the order in which they were made.
 *
 * Owns that order. A tell that the cell does not take has to go to the mailbox, and so has every later one: the lane
 * takes later ones back from the cell, and lets each into the mailbox when no earlier one is with the cell any more.
 * A lane without tells is forgotten. What happens to one tell: TellOnItsWay.ts.
 */

/** A tell in a lane. */
export interface LaneTell {
  /** Takes it back from the cell. False: the cell has begun it. */
  readonly withdraw: () => boolean
  /** No earlier tell is with the cell any more: it goes to the mailbox, and has left the lane. */
  readonly publish: () => void
}

export class TellLane {
  readonly #key: string
  readonly #lanes: Map<string, TellLane>
  /** In order; true while the tell is with the cell. */
  readonly #tells = new Map<LaneTell, boolean>()
  #isDiverted = false

  private constructor(lanes: Map<string, TellLane>, key: string) {
    this.#lanes = lanes
    this.#key = key
  }

  /** The lane of the actor with this key; made if there is none. */
  static of(lanes: Map<string, TellLane>, key: string): TellLane {
    const known = lanes.get(key)
    if (known !== undefined) return known
    const lane = new TellLane(lanes, key)
    lanes.set(key, lane)
    return lane
  }

  /** Whether a tell of the lane has to go to the mailbox, and therefore each later one. */
  get isDiverted(): boolean {
    return this.#isDiverted
  }

  isFirst(tell: LaneTell): boolean {
    return this.#tells.keys().next().value === tell
  }

  /** Adds a tell that is given to the cell. */
  toCell(tell: LaneTell): void {
    this.#tells.set(tell, true)
  }

  /** Adds a tell that goes to the mailbox. */
  toMailbox(tell: LaneTell): void {
    this.#isDiverted = true
    this.#tells.set(tell, false)
    this.#advance()
  }

  /** The cell has decided the tell, or its caller has given up. */
  leave(tell: LaneTell): void {
    this.#tells.delete(tell)
    this.#advance()
  }

  /** The cell does not take the tell: it goes to the mailbox, and all later ones behind it. */
  divert(tell: LaneTell): void {
    this.#isDiverted = true
    let isBehind = false
    for (const [each, isWithCell] of this.#tells) {
      if (each === tell) isBehind = true
      if (each === tell || (isBehind && isWithCell && each.withdraw())) this.#tells.set(each, false)
    }
    this.#advance()
  }

  #advance(): void {
    for (const [tell, isWithCell] of this.#tells) {
      if (isWithCell) return
      this.#tells.delete(tell)
      tell.publish()
    }
    if (this.#lanes.get(this.#key) === this) this.#lanes.delete(this.#key)
  }
}
