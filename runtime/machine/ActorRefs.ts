/**
 * References to actors inside values, as XState's `spawn` puts them into a context.
 *
 * Owns the walk that finds and replaces them ({@link withRefs}), through plain objects, lists, maps and sets.
 * A value without references comes back as it is.
 */
import { isPlainObject } from "../json/Frozen.ts"

/**
 * The value with every reference replaced. `replace` gives `undefined` for an object that is no reference.
 */
export const withRefs = (value: unknown, replace: (part: object) => unknown): unknown =>
  new RefWalk(replace).of(value)

class RefWalk {
  readonly #replace: (part: object) => unknown
  /** Objects that the walk has met, with their replacements, because a value may contain itself. */
  readonly #met = new Map<object, unknown>()

  constructor(replace: (part: object) => unknown) {
    this.#replace = replace
  }

  of(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value
    if (this.#met.has(value)) return this.#met.get(value)
    const replaced = this.#replace(value)
    if (replaced !== undefined) return replaced
    this.#met.set(value, value)
    const copy = this.#copy(value)
    this.#met.set(value, copy)
    return copy
  }

  #copy(value: object): unknown {
    if (Array.isArray(value)) {
      const parts = value.map((part) => this.of(part))
      return parts.some((part, index) => part !== value[index]) ? parts : value
    }
    if (value instanceof Map) {
      const entries = [...value]
      const copies = entries.map(([key, inner]) => [this.of(key), this.of(inner)] as const)
      const isSame = copies.every(([key, inner], index) => {
        const [oldKey, oldInner] = entries[index] as [unknown, unknown]
        return key === oldKey && inner === oldInner
      })
      return isSame ? value : new Map(copies)
    }
    if (value instanceof Set) {
      const parts = [...value]
      const copies = parts.map((part) => this.of(part))
      return copies.every((copy, index) => copy === parts[index]) ? value : new Set(copies)
    }
    return isPlainObject(value) ? this.#copyFields(value as Fields) : value
  }

  #copyFields(value: Fields): object {
    let copy: Record<string, unknown> | undefined
    for (const key of Object.keys(value)) {
      const part = this.of(value[key])
      if (part === value[key]) continue
      copy ??= Object.setPrototypeOf({ ...value }, Object.getPrototypeOf(value)) as Record<string, unknown>
      Object.defineProperty(copy, key, { value: part, enumerable: true, writable: true, configurable: true })
    }
    return copy ?? value
  }
}

interface Fields {
  readonly [key: string]: unknown
}
