/**
 * The states that a name or value of a state lights up: `fulfilling`, `{a:b,c:d}`, or an XState value.
 *
 * Owns the reading of compact names, which commits store, and of names for people (`shipping.packed`).
 */
import type { ChartModel } from "./ChartModel.ts"
import { ROOT_PATH } from "./ChartModel.ts"

/** A state value of XState. */
export type StateValue = string | { readonly [key: string]: StateValue | undefined }

/** What is lit: paths of active states with their parents, and names that the chart does not have. */
export interface Highlight {
  readonly active: ReadonlySet<string>
  /** Active states in which no other state is active: where the actor is. */
  readonly leaves: ReadonlySet<string>
  readonly unknown: ReadonlyArray<string>
}

export const NOTHING_LIT: Highlight = { active: new Set(), leaves: new Set(), unknown: [] }

/** `model`: the chart with all of its states open. Nothing is lit without a state. */
export const highlightOf = (model: ChartModel, lit: StateValue | undefined): Highlight => {
  if (lit === undefined || lit === "") return NOTHING_LIT
  const active = new Set<string>([ROOT_PATH])
  const unknown: Array<string> = []
  const walk = (parent: string, value: StateValue): void => {
    const parts: ReadonlyArray<readonly [string, StateValue | undefined]> =
      typeof value === "string" ? [[value, undefined]] : Object.entries(value)
    for (const [key, inner] of parts) {
      if (key === "") continue
      const path = parent === ROOT_PATH ? key : `${parent}.${key}`
      if (!model.nodes.has(path)) {
        unknown.push(path)
        continue
      }
      active.add(path)
      if (inner !== undefined) walk(path, inner)
    }
  }
  walk(ROOT_PATH, typeof lit === "string" ? valueOfText(model, lit) : lit)
  if (active.size === 1) return { active: new Set(), leaves: new Set(), unknown }
  const parents = new Set([...active].map((path) => model.nodes.get(path)?.parent))
  return { active, leaves: new Set([...active].filter((path) => !parents.has(path))), unknown }
}

/** A state's key may hold any character, so a path of the chart comes first. */
const valueOfText = (model: ChartModel, text: string): StateValue => {
  if (model.nodes.has(text)) return valueOfPath(model, text)
  const { value, rest } = readValue(text)
  return rest === "" && value !== undefined ? value : text
}

const valueOfPath = (model: ChartModel, path: string): StateValue => {
  let value: StateValue | undefined
  let node = model.nodes.get(path)
  while (node !== undefined && node.path !== ROOT_PATH) {
    value = value === undefined ? node.name : { [node.name]: value }
    node = model.nodes.get(node.parent ?? ROOT_PATH)
  }
  return value ?? ""
}

interface Read {
  readonly value: StateValue | undefined
  readonly rest: string
}

const KEY_END = /[{}:,]/

const readValue = (text: string): Read => (text.startsWith("{") ? readFields(text.slice(1)) : readKey(text))

const readFields = (text: string): Read => {
  const fields: Record<string, StateValue> = {}
  let rest = text
  while (rest !== "" && !rest.startsWith("}")) {
    const end = rest.search(KEY_END)
    if (end <= 0 || rest[end] !== ":") return { value: undefined, rest }
    const inner = readValue(rest.slice(end + 1))
    if (inner.value === undefined) return inner
    fields[rest.slice(0, end)] = inner.value
    rest = inner.rest.startsWith(",") ? inner.rest.slice(1) : inner.rest
  }
  return rest === "" ? { value: undefined, rest: text } : { value: fields, rest: rest.slice(1) }
}

const readKey = (text: string): Read => {
  const end = text.search(KEY_END)
  const key = end < 0 ? text : text.slice(0, end)
  return key === "" ? { value: undefined, rest: text } : { value: key, rest: text.slice(key.length) }
}
