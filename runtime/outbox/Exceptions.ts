/**
 * Items of one shard that wait separately: parked in the mailbox, or owed because nothing takes them now.
 *
 * Owns the lists and their bounds. A waiting item holds back the settled watermark. It delays only later
 * items of the same sender to the same receiver. A parked item is settled when the mailbox reports its
 * acknowledgement; an owed item when it is sent after all. Sending.ts sends.
 */
import { invariant } from "../invariant/Invariant.ts"
import type { Acknowledged } from "../mailbox/Mailbox.ts"
import type { CarryingCommit, Watermark } from "./Watermark.ts"

/**
 * Parked items of a shard that wait separately; further ones hold back the passed watermark until they are
 * settled.
 */
export const PARKED_MAX = 20_000

/**
 * Receivers of parked items that a takeover note lists. With more receivers the note's watermark stays lower.
 */
export const PARKED_RECEIVERS_MAX = 1_000

/**
 * Owed items of a shard that wait separately; further ones hold back the passed watermark until they are
 * sent.
 */
export const OWED_MAX = 256

/** Items that are parked for one receiver, as a takeover note lists them. */
export interface ParkedRange {
  readonly receiver: string
  readonly receiverShard: number
  /** Sequences of the first and the last commit whose items are parked. */
  readonly from: number
  readonly upTo: number
  /** Highest position in the mailbox of these items. */
  readonly position: number
}

/** Sequence and index of an owed item. */
export interface OwedPlace {
  readonly sequence: number
  readonly index: number
}

/** An item that could not be sent so far, for operators. */
export interface OwedItem extends OwedPlace {
  readonly id: string
  /** Key of the receiver; of the sender itself for timers and calls. */
  readonly to: string
  /** Key of the actor whose commit carries the item. */
  readonly from: string
  /** Kind of the item: a message, a timer, a call, an integration event. */
  readonly kind: string
  /** The reason why it is refused, in words. */
  readonly reason: string
  /** Time since which it is owed, Unix milliseconds. */
  readonly sinceMs: number
}

/**
 * Items that were parked and are not in the mailbox any more, although their receivers have not taken them.
 */
export interface LostItems {
  readonly range: ParkedRange
  /** Call it once all of these items are being sent again, because they are no longer parked. */
  readonly sentAgain: () => void
}

/** A parked item that the mailbox may have lost. */
export interface UnprovenItem {
  readonly range: ParkedRange
  /** Call it with the mailbox's answer: whether it has the item. */
  readonly proven: (isThere: boolean) => void
}

interface Parked {
  readonly sequence: number
  /** The same as `sequence`; of a range that a former owner noted, the sequence of its last commit. */
  readonly upTo: number
  readonly position: number
  /** Whether every loss of it is noticed. */
  isProven: boolean
  /**
   * Settles the item at its commit. A range that a former owner noted is counted once, at its first commit.
   */
  readonly settle: () => void
}

interface Receiver {
  readonly shard: number
  /** Ascending by position. */
  items: Array<Parked>
  /** Lowest sequence among them. */
  lowest: number
  /** Highest sequence among them. */
  highest: number
}

export class Exceptions {
  readonly #watermark: Watermark
  readonly #receivers = new Map<string, Receiver>()
  /** By id. The item of a commit that was found twice is in work twice; one of the two may be owed. */
  readonly #owed = new Map<string, { readonly item: OwedItem; readonly commit: CarryingCommit }>()
  #parkedCount = 0
  #mailboxId: string | undefined
  #isWatched = false
  /** Items that the mailbox has lost, although their receivers have not taken them. */
  readonly #lost = new Set<Parked>()

  constructor(watermark: Watermark) {
    this.#watermark = watermark
  }

  get parkedCount(): number {
    return this.#parkedCount
  }

  /**
   * Whether the node's tide is in the mailbox. It tells of every loss of what is parked from now on; what is
   * parked without it is {@link unproven}.
   */
  watched(isWatched: boolean): void {
    this.#isWatched = isWatched
  }

  /**
   * Items that the mailbox may have lost unnoticed: its answers do not count for them before it was asked for
   * each.
   */
  get unproven(): ReadonlyArray<UnprovenItem> {
    return Array.from(this.#receivers).flatMap(([receiver, { shard, items }]) =>
      items.flatMap((item) => {
        if (item.isProven || this.#lost.has(item)) return []
        const { sequence: from, upTo, position } = item
        const isStillParked = () => this.#receivers.get(receiver)?.items.includes(item) === true
        const proven = (isThere: boolean): void => {
          item.isProven = isThere
          if (!isThere && isStillParked()) this.#lost.add(item)
        }
        return [{ range: { receiver, receiverShard: shard, from, upTo, position }, proven }]
      }),
    )
  }

  get owed(): ReadonlyArray<OwedItem> {
    return Array.from(this.#owed.values(), ({ item }) => item)
  }

  /** Adds an owed item. False: the list of owed items is full. */
  owe(commit: CarryingCommit, item: OwedItem): boolean {
    if (this.#owed.has(item.id) || this.#owed.size >= OWED_MAX) return false
    this.#owed.set(item.id, { item, commit })
    this.#watermark.excepted(commit)
    return true
  }

  /** Takes the item off the list of owed items. False: this commit's item is not on it. */
  #noLongerOwed(commit: CarryingCommit, id: string): boolean {
    return this.#owed.get(id)?.commit === commit && this.#owed.delete(id)
  }

  /** The item is settled, whether it was owed or not. */
  settled(commit: CarryingCommit, id: string): void {
    if (this.#noLongerOwed(commit, id)) this.#watermark.exceptionSettled(commit)
    else this.#watermark.settled(commit)
  }

  /** The item `id` of the commit is in the mailbox. It is not owed any more. */
  park(receiver: string, receiverShard: number, commit: CarryingCommit, id: string, position: number): void {
    const wasOwed = this.#noLongerOwed(commit, id)
    const isException = wasOwed || this.#parkedCount < PARKED_MAX
    if (isException && !wasOwed) this.#watermark.excepted(commit)
    this.#parkedCount++
    const settle = () =>
      isException ? this.#watermark.exceptionSettled(commit) : this.#watermark.settled(commit)
    const { sequence } = commit
    this.#add(receiver, receiverShard, {
      sequence,
      upTo: sequence,
      position,
      isProven: this.#isWatched,
      settle,
    })
  }

  /** Adds the items that a former owner has parked. */
  inherit(range: ParkedRange): void {
    const { receiver, receiverShard, from, upTo, position } = range
    const commit = this.#watermark.carry(from, 1)
    this.#watermark.excepted(commit)
    this.#parkedCount++
    const settle = () => this.#watermark.exceptionSettled(commit)
    this.#add(receiver, receiverShard, { sequence: from, upTo, position, isProven: false, settle })
  }

  /** Lowest sequence of a commit with an item that waits here for the receiver; infinite without one. */
  lowestTo(receiver: string): number {
    let lowest = this.#receivers.get(receiver)?.lowest ?? Number.POSITIVE_INFINITY
    // Shortcut: this is called for each sent message, and usually nothing is owed.
    if (this.#owed.size === 0) return lowest
    for (const { item } of this.#owed.values()) {
      const { to, sequence } = item
      if (to === receiver) lowest = Math.min(lowest, sequence)
    }
    return lowest
  }

  /** Shards whose actors have parked items. */
  get receiverShards(): ReadonlySet<number> {
    return new Set(Array.from(this.#receivers.values(), ({ shard }) => shard))
  }

  /** The mailbox reports which messages of a shard are acknowledged. */
  acknowledged(shard: number, { first, last, mailboxId }: Acknowledged): void {
    const isOther = this.#mailboxId !== undefined && mailboxId !== this.#mailboxId
    this.#mailboxId = mailboxId
    for (const [key, receiver] of this.#receivers) {
      for (const item of receiver.items) {
        // A different mailbox lacks everything that was parked before. A mailbox that ends before the item is
        // an older copy.
        if (isOther || (receiver.shard === shard && item.position > last)) this.#lost.add(item)
      }
      if (receiver.shard !== shard) continue
      const isTaken = (item: Parked) =>
        item.isProven && !this.#lost.has(item) && (first === undefined || item.position < first)
      this.#settle(key, receiver.items.filter(isTaken))
    }
  }

  /** The mailbox was replaced: no parked item counts as acknowledged. */
  doubt(): void {
    for (const { items } of this.#receivers.values()) for (const item of items) this.#lost.add(item)
  }

  /** Parked items that have to be sent again. They stay listed until that is done. */
  get lost(): ReadonlyArray<LostItems> {
    if (this.#lost.size === 0) return []
    return Array.from(this.#receivers).flatMap(([key, receiver]) => {
      const items = receiver.items.filter((item) => this.#lost.has(item))
      if (items.length === 0) return []
      return [{ range: rangeOf(key, receiver, items), sentAgain: () => this.#settle(key, items) }]
    })
  }

  /** Removes the items, because they are no longer parked. */
  #settle(key: string, items: ReadonlyArray<Parked>): void {
    const receiver = this.#receivers.get(key)
    if (receiver === undefined || items.length === 0) return
    const settled = new Set(items)
    const over = receiver.items.filter((item) => settled.has(item))
    this.#parkedCount -= over.length
    invariant(this.#parkedCount >= 0, "parkedCounted", () => ({ key, parkedCount: this.#parkedCount }))
    receiver.items = receiver.items.filter((item) => !settled.has(item))
    if (receiver.items.length === 0) this.#receivers.delete(key)
    else receiver.lowest = Math.min(...receiver.items.map(({ sequence }) => sequence))
    for (const item of over) {
      this.#lost.delete(item)
      item.settle()
    }
  }

  /** The lists as rows of a takeover note; `undefined` if they exceed what a note may hold. */
  rows():
    | { readonly parked: ReadonlyArray<ParkedRange>; readonly owed: ReadonlyArray<OwedPlace> }
    | undefined {
    if (this.#receivers.size > PARKED_RECEIVERS_MAX) return undefined
    const parked = Array.from(this.#receivers, ([key, receiver]) => rangeOf(key, receiver, receiver.items))
    return { parked, owed: this.owed.map(({ sequence, index }) => ({ sequence, index })) }
  }

  #add(key: string, shard: number, item: Parked): void {
    const known = this.#receivers.get(key)
    if (known === undefined) {
      this.#receivers.set(key, { shard, items: [item], lowest: item.sequence, highest: item.upTo })
      return
    }
    known.items.push(item)
    known.lowest = Math.min(known.lowest, item.sequence)
    known.highest = Math.max(known.highest, item.upTo)
  }
}

const rangeOf = (
  receiver: string,
  { shard, highest }: Receiver,
  items: ReadonlyArray<Parked>,
): ParkedRange => ({
  receiver,
  receiverShard: shard,
  from: Math.min(...items.map(({ sequence }) => sequence)),
  upTo: highest,
  position: Math.max(...items.map(({ position }) => position)),
})
