/**
 * The only random source of a simulation: a small seeded generator that splits into named streams.
 *
 * A stream depends only on the seed and its name, never on what other streams have drawn. So one fault more
 * or less does not change the workload. The generator is sfc32 (128 bits of state, passes PractRand), seeded
 * through a mixing hash.
 */

/** Spreads a 32-bit value over all bits (the finalizer of MurmurHash3). */
export const mixBits = (value: number): number => {
  let bits = value | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

/** A 32-bit hash of text. */
export const hashText = (text: string, start = 0x811c9dc5): number => {
  let hash = start
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return mixBits(hash)
}

/** Random numbers from a seed: the same seed and name give the same numbers on every machine. */
export class Randomness {
  readonly #key: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** `seed` is any safe integer. */
  constructor(seed: number, name = "") {
    const low = seed | 0
    const high = Math.floor(seed / 2 ** 32) | 0
    this.#key = hashText(name, mixBits(low) ^ Math.imul(mixBits(high + 0x9e3779b9), 31))
    this.#a = mixBits(this.#key ^ 0x243f6a88)
    this.#b = mixBits(this.#key ^ 0x85a308d3)
    this.#c = mixBits(this.#key ^ 0x13198a2e)
    for (let round = 0; round < 12; round++) this.#bits()
  }

  /** Another generator. It depends on the name, not on how much was drawn from this one. */
  stream(name: string): Randomness {
    return new Randomness(this.#key, name)
  }

  /** A number from 0 (inclusive) to 1 (exclusive) that depends on the name; draws nothing. */
  chanceOf(name: string): number {
    return (mixBits(hashText(name, this.#key) ^ 0x9e3779b9) >>> 0) / 2 ** 32
  }

  /** A number from 0 (inclusive) to 1 (exclusive). */
  next(): number {
    return (this.#bits() >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to `count` − 1. */
  index(count: number): number {
    return Math.floor(this.next() * count)
  }

  /** A number from `min` (inclusive) to `max` (exclusive). */
  between(min: number, max: number): number {
    return min + this.next() * (max - min)
  }

  /** True with this probability, from 0 to 1. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** An element of a non-empty list. */
  pick<A>(items: ReadonlyArray<A>): A {
    return items[this.index(items.length)] as A
  }

  /** A time between random events that are `mean` apart on average. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean
  }

  #bits(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + sum) | 0
    return sum
  }
}
