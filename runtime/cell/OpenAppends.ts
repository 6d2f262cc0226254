/**
 * Appends of one cell whose outcome is open.
 *
 * Owns when an outcome is known: the append failed, or the actor's last record is not the one that the append
 * expects, so the append is stored already or can never be. The outbox is told, because a watermark must not
 * pass such a commit.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import { invariant } from "../invariant/Invariant.ts"
import type { Appending, CommitListener } from "./CommitListener.ts"
import { inserted, NONE } from "./SmallList.ts"

interface OpenAppend {
  readonly expectedSequence: number
  readonly appending: Appending | undefined
  /** No answer came, or the answer left the outcome open. */
  isUnresolved: boolean
}

export class OpenAppends {
  readonly #address: ActorAddress
  readonly #outbox: CommitListener
  #open: Array<OpenAppend> = NONE

  constructor(address: ActorAddress, outbox: CommitListener) {
    this.#address = address
    this.#outbox = outbox
  }

  /** Whether an append of unknown outcome may still be stored. */
  get isAnyUnresolved(): boolean {
    return this.#open.some(({ isUnresolved }) => isUnresolved)
  }

  /** Whether an append of unknown outcome may still be stored behind the record at `sequence`. */
  isUnresolvedAt(sequence: number): boolean {
    return this.#open.some((open) => open.isUnresolved && open.expectedSequence === sequence)
  }

  /** Sequence up to which the outbox was told of the actor's records; infinite without an open append. */
  get toldUpTo(): number {
    return Math.min(...this.#open.map(({ expectedSequence }) => expectedSequence))
  }

  /** Sequence up to which the actor's journal is known; 0 without an open append. */
  get expectedSequence(): number {
    let highest = 0
    for (const { expectedSequence } of this.#open) highest = Math.max(highest, expectedSequence)
    return highest
  }

  /** An append begins. Only one is in flight at a time. */
  begin(expectedSequence: number): void {
    invariant(
      this.#open.every(({ isUnresolved }) => isUnresolved),
      "appendInFlight",
      () => ({ key: this.#address.key, expectedSequence }),
    )
    const appending = this.#outbox.appending(this.#address)
    this.#open = inserted(this.#open, { expectedSequence, appending, isUnresolved: false })
  }

  /** The append in flight was refused: it is not stored. */
  refused(): void {
    this.#close(({ isUnresolved }) => !isUnresolved)
  }

  /** The append in flight, if there is one, has an unknown outcome. */
  unknown(): void {
    for (const open of this.#open) {
      if (open.isUnresolved) continue
      open.isUnresolved = true
      const { appending, expectedSequence } = open
      if (appending !== undefined) this.#outbox.unresolved(this.#address, appending, expectedSequence)
    }
  }

  /** The actor's last record is at `sequence`, and the outbox knows all records up to it. */
  reached(sequence: number): void {
    if (this.#open.length > 0) this.#close(({ expectedSequence }) => expectedSequence < sequence)
  }

  /** This node has lost the shard, or the actor cannot be read: the outbox has to find what was stored. */
  abandon(): void {
    for (const { appending, expectedSequence } of this.#open) {
      if (appending !== undefined) this.#outbox.abandoned(this.#address, appending, expectedSequence)
    }
    this.#open = NONE
  }

  #close(isOver: (open: OpenAppend) => boolean): void {
    let keptCount = 0
    for (const open of this.#open) {
      if (!isOver(open)) this.#open[keptCount++] = open
      else if (open.appending !== undefined) this.#outbox.over(this.#address, open.appending)
    }
    if (keptCount === 0) this.#open = NONE
    else this.#open.length = keptCount
  }
}
