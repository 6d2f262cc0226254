/**
 * The items that wait in front of a cell, and the items of the current round.
 *
 * Owns the order, the bound, and what waiting callers are told of the journal's troubles. Cell.ts says when a
 * round takes items. The items: Waiting.ts.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { AppendUnknown, JournalUnavailable } from "../journal/Journal.ts"
import type { ActorQuarantined, Unavailable } from "./AskError.ts"
import type { JournalTrouble } from "./JournalTrouble.ts"
import { isOpen, neededBy, QUEUE_ITEMS_MAX, type Waiting, type WaitingCommand } from "./Waiting.ts"

const NOTHING: ReadonlyArray<Waiting> = []

export class CellQueue {
  /**
   * Journal sequence that the actor's state must include, because a waiting item is about the commit there.
   */
  neededSequence = 0
  #waiting: Array<Waiting> = []
  #inRound: ReadonlyArray<Waiting> = NOTHING
  readonly #trouble: JournalTrouble

  constructor(trouble: JournalTrouble) {
    this.#trouble = trouble
  }

  /** Waiting items in order of arrival. A round takes items from the front. */
  get waiting(): Array<Waiting> {
    return this.#waiting
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  get isSomeOpen(): boolean {
    return this.#waiting.some(isOpen)
  }

  /** Whether an earlier attempt may have stored a waiting command. */
  get mayHoldStored(): boolean {
    return this.#waiting.some((waiting) => waiting._tag === "Command" && waiting.mayBeStored)
  }

  /** False: the queue is full and has refused the item. */
  push(address: ActorAddress, waiting: Waiting): boolean {
    // Items whose caller has timed out do not take the place of new ones.
    if (this.#waiting.length >= QUEUE_ITEMS_MAX) this.#waiting = this.#waiting.filter(isOpen)
    if (this.#waiting.length >= QUEUE_ITEMS_MAX) {
      waiting.refuse(this.#trouble.noRoom(address))
      return false
    }
    this.#trouble.mark(waiting)
    this.#waiting.push(waiting)
    this.neededSequence = Math.max(this.neededSequence, neededBy(waiting))
    return true
  }

  /** Takes back a command that no round has. False: it may be in an append, or become part of one again. */
  withdraw(waiting: WaitingCommand): boolean {
    if (waiting.mayBeStored || this.#inRound.includes(waiting)) return false
    waiting.settle(Exit.interrupt())
    return true
  }

  /** The current round has taken these items. */
  taken(items: ReadonlyArray<Waiting>): void {
    this.#inRound = items
  }

  /** The items of the current round are answered, or put back. */
  roundIsOver(): void {
    this.#inRound = NOTHING
  }

  /** Puts the items of a round back, in front of all others. */
  putBack(items: ReadonlyArray<Waiting>): void {
    this.#inRound = NOTHING
    this.#waiting.unshift(...items)
  }

  /** Empties the queue, and returns the items that still need an answer. */
  takeOpen(): ReadonlyArray<Waiting> {
    return this.#waiting.splice(0).filter(isOpen)
  }

  failWaiting(error: ActorQuarantined | Unavailable): void {
    for (const waiting of this.#waiting.splice(0)) waiting.settle(Exit.fail(error))
  }

  /** Fails all items, including those of the current round. */
  failAll(error: Unavailable): void {
    this.putBack(this.#inRound)
    this.failWaiting(error)
  }

  unconfirmed(error: AppendUnknown): void {
    this.#trouble.unconfirmed(error, this.#waiting)
  }

  unread(error: JournalUnavailable): void {
    this.#trouble.unread(error, this.#waiting)
  }

  journalWorks(): void {
    this.#trouble.over(this.#waiting)
  }
}
