/**
 * Whether an actor whose state has a compact name is in a state that a caller names, or has a tag.
 *
 * Owns the reading of compact names ({@link compactStateName} of StateName.ts writes them) and the meaning of a part of a
 * name. It needs no actor, so whole lists of names can be compared. Keys of states that contain `{`, `}`, `,` or `:` are
 * found by their whole name only.
 */
import type { AnyStateNode, StateValue } from "xstate"

/**
 * Whether `name` is the state `wanted` or lies in it: `fulfilling` is in `fulfilling` and in `{fulfilling:packed}`, and
 * `{payment:due}` is in `{payment:due,stock:held}`. `fulfilling.packed` is another way to write `{fulfilling:packed}`.
 */
export const isInState = (wanted: string, name: string): boolean => {
  if (wanted === name) return true
  const part = wanted.startsWith("{") ? valueOfName(wanted) : valueOfPath(wanted)
  const whole = valueOfName(name)
  return part !== undefined && whole !== undefined && isPart(part, whole)
}

const isPart = (part: StateValue, whole: StateValue): boolean => {
  if (typeof part === "string") return typeof whole === "string" ? part === whole : Object.hasOwn(whole, part)
  if (typeof whole === "string") return false
  return Object.entries(part).every(([key, inner]) => {
    const other = Object.hasOwn(whole, key) ? whole[key] : undefined
    return inner !== undefined && other !== undefined && isPart(inner, other)
  })
}

const valueOfPath = (path: string): StateValue | undefined => {
  const keys = path.split(".")
  if (keys.some((key) => key === "")) return undefined
  return keys.reduceRight<StateValue | undefined>(
    (inner, key) => (inner === undefined ? key : { [key]: inner }),
    undefined,
  )
}

/** Characters that end a key. */
const KEY_END = /[{}:,]/

/** The state value that a compact name stands for; `undefined` if the text is no compact name. */
export const valueOfName = (name: string): StateValue | undefined => {
  const reader = new NameReader(name)
  const value = reader.value()
  return reader.isAtEnd ? value : undefined
}

class NameReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  value(): StateValue | undefined {
    return this.#takes("{") ? this.#fields() : this.#key()
  }

  #fields(): StateValue | undefined {
    const fields: Record<string, StateValue> = {}
    if (this.#takes("}")) return fields
    do {
      const key = this.#key()
      if (key === undefined || !this.#takes(":")) return undefined
      const value = this.value()
      if (value === undefined) return undefined
      fields[key] = value
    } while (this.#takes(","))
    return this.#takes("}") ? fields : undefined
  }

  #key(): string | undefined {
    const rest = this.#text.slice(this.#at)
    const end = rest.search(KEY_END)
    const key = end < 0 ? rest : rest.slice(0, end)
    if (key === "") return undefined
    this.#at += key.length
    return key
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }
}

/** Whether a state of the chart that belongs to the value has the tag. */
export const hasTagIn = (node: AnyStateNode, value: StateValue | undefined, tag: string): boolean => {
  if (node.tags.includes(tag)) return true
  if (value === undefined) return false
  if (typeof value === "string") {
    const child = node.states[value]
    return child !== undefined && hasTagIn(child, undefined, tag)
  }
  return Object.entries(value).some(([key, inner]) => {
    const child = node.states[key]
    return child !== undefined && hasTagIn(child, inner, tag)
  })
}
