/**
 * The remembered commands of a busy actor as numbers and bytes, which the garbage collector neither copies nor
 * follows: an object for each of a thousand commands of some hundred actors costs a fifth of the time of an ask.
 *
 * Owns that form: a ring in which the newest command takes the place of the oldest, and chains of slots to find a
 * command by its id. What does not fit into it (a reply, an id that is long or not ASCII) stays an object beside it.
 * RecentCommands.ts decides what is remembered.
 */
import { fnv1a32 } from "../address/ActorAddress.ts"
import { packFingerprint, unpackFingerprint } from "../json/Fingerprint.ts"
import type { RecentCommand, Remembered } from "./RememberedCommand.ts"

/** Slots at first. They double until all commands fit that are remembered. */
const SLOTS_AT_FIRST = 16

/** Bytes for an id, with its length in the first. Ids that are made here have 26, UUIDs 36 characters. */
const ID_BYTES = 40

/** Words of a slot: hash of the id, the next slot of its chain, three of the fingerprint, and its form. */
const WORDS = 6
const HASH = 0
const NEXT = 1
const FINGERPRINT = 2
const FORM = 5

/** `FORM` of a slot whose fingerprint is in {@link PackedCommands.#odd}. */
const ODD_FINGERPRINT = -1

/** Length of an id that is in {@link PackedCommands.#odd}. */
const ODD_ID = 0

/** End of a chain. Others are slots plus 1. */
const NONE = 0

export class PackedCommands {
  readonly #limit: number
  #count = 0
  /** The slot that the next command takes when the ring is full; 0 until then. */
  #oldest = 0
  #slotCount = 0
  #words = new Int32Array(0)
  /** Version and sequence of each slot. */
  #numbers = new Float64Array(0)
  #ids = new Uint8Array(0)
  /** First slot of each chain. */
  #chains = new Int32Array(0)
  /** Commands that lack something in their slot. */
  readonly #odd = new Map<number, Remembered>()

  constructor(limit: number) {
    this.#limit = limit
    this.#grow()
  }

  get size(): number {
    return this.#count
  }

  get(commandId: string): RecentCommand | undefined {
    const slot = this.#find(commandId, hashOf(commandId))
    return slot === undefined ? undefined : this.#at(slot)
  }

  add(remembered: Remembered): void {
    const hash = hashOf(remembered.commandId)
    const known = this.#find(remembered.commandId, hash)
    if (known !== undefined) return this.#write(known, remembered)
    const slot = this.#freeSlot()
    this.#write(slot, remembered)
    this.#words[slot * WORDS + HASH] = hash
    this.#link(slot)
  }

  /** Oldest first. */
  *all(): Generator<Remembered> {
    for (let index = 0; index < this.#count; index++) yield this.#at((this.#oldest + index) % this.#count)
  }

  #freeSlot(): number {
    if (this.#count === this.#limit) {
      const slot = this.#oldest
      this.#oldest = (slot + 1) % this.#limit
      this.#unlink(slot)
      this.#odd.delete(slot)
      return slot
    }
    if (this.#count === this.#slotCount) this.#grow()
    return this.#count++
  }

  #grow(): void {
    const slotCount = Math.min(this.#limit, Math.max(SLOTS_AT_FIRST, 2 * this.#slotCount))
    const [words, numbers, ids] = [this.#words, this.#numbers, this.#ids]
    this.#words = new Int32Array(slotCount * WORDS)
    this.#numbers = new Float64Array(slotCount * 2)
    this.#ids = new Uint8Array(slotCount * ID_BYTES)
    this.#words.set(words)
    this.#numbers.set(numbers)
    this.#ids.set(ids)
    this.#slotCount = slotCount
    // A power of two, so that the low bits of a hash choose the chain.
    this.#chains = new Int32Array(2 ** Math.ceil(Math.log2(slotCount)))
    for (let slot = 0; slot < this.#count; slot++) this.#link(slot)
  }

  /** Number of the chain of a hash. */
  #chainOf(hash: number): number {
    return hash & (this.#chains.length - 1)
  }

  #link(slot: number): void {
    const chain = this.#chainOf(this.#words[slot * WORDS + HASH] as number)
    this.#words[slot * WORDS + NEXT] = this.#chains[chain] as number
    this.#chains[chain] = slot + 1
  }

  #unlink(slot: number): void {
    const words = this.#words
    const chain = this.#chainOf(words[slot * WORDS + HASH] as number)
    const next = words[slot * WORDS + NEXT] as number
    if (this.#chains[chain] === slot + 1) {
      this.#chains[chain] = next
      return
    }
    let before = this.#chains[chain] as number
    while (before !== NONE) {
      const at = (before - 1) * WORDS + NEXT
      before = words[at] as number
      if (before === slot + 1) words[at] = next
    }
  }

  #find(commandId: string, hash: number): number | undefined {
    const words = this.#words
    let next = this.#chains[this.#chainOf(hash)] as number
    while (next !== NONE) {
      const at = (next - 1) * WORDS
      if (words[at + HASH] === hash && this.#hasId(next - 1, commandId)) return next - 1
      next = words[at + NEXT] as number
    }
    return undefined
  }

  #hasId(slot: number, commandId: string): boolean {
    const at = slot * ID_BYTES
    const length = this.#ids[at] as number
    if (length === ODD_ID) return this.#odd.get(slot)?.commandId === commandId
    if (length !== commandId.length) return false
    for (let index = 0; index < length; index++) {
      if (this.#ids[at + 1 + index] !== commandId.charCodeAt(index)) return false
    }
    return true
  }

  #idIn(slot: number): string {
    const at = slot * ID_BYTES
    return decoder.decode(this.#ids.subarray(at + 1, at + 1 + (this.#ids[at] as number)))
  }

  /** Everything but the place in a chain. */
  #write(slot: number, remembered: Remembered): void {
    const { commandId, fingerprint, version, sequence, reply } = remembered
    this.#numbers[2 * slot] = version
    this.#numbers[2 * slot + 1] = sequence
    const hasId = this.#writeId(slot, commandId)
    const words = this.#words
    const at = slot * WORDS
    const form = packFingerprint(fingerprint, words, at + FINGERPRINT)
    words[at + FORM] = form ?? ODD_FINGERPRINT
    if (hasId && form !== undefined && reply === undefined) this.#odd.delete(slot)
    else this.#odd.set(slot, remembered)
  }

  #writeId(slot: number, commandId: string): boolean {
    const ids = this.#ids
    const at = slot * ID_BYTES
    const { length } = commandId
    ids[at] = ODD_ID
    if (length >= ID_BYTES) return false
    for (let index = 0; index < length; index++) {
      const code = commandId.charCodeAt(index)
      if (code > 0x7f) return false
      ids[at + 1 + index] = code
    }
    ids[at] = length
    return length > 0
  }

  #at(slot: number): Remembered {
    const odd = this.#odd.get(slot)
    if (odd !== undefined) return odd
    const words = this.#words
    const at = slot * WORDS
    return {
      commandId: this.#idIn(slot),
      fingerprint: unpackFingerprint(words[at + FORM] as number, words, at + FINGERPRINT),
      version: this.#numbers[2 * slot] as number,
      sequence: this.#numbers[2 * slot + 1] as number,
      reply: undefined,
    }
  }
}

const decoder = new TextDecoder()

const hashOf = (text: string): number => {
  const hash = fnv1a32(text)
  // The low bits choose the chain, and those of a product depend on the low bits of its factors alone.
  return hash ^ (hash >>> 15)
}
