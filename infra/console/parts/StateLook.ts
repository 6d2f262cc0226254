/**
 * Colour and shape of a state: the same on every page, and never the colour alone.
 *
 * Owns the choice. States of one chart take colours and shapes in the order of the chart. States that are ends
 * and troubles have shapes of their own. The mark that shows them: StateMark.tsx.
 */
import type { ChartState } from "../api/Documents.ts"

export type Shape = "circle" | "square" | "diamond" | "triangle" | "pentagon" | "bar" | "ring" | "cross"

export interface StateLook {
  /** A custom property of the style sheet. */
  readonly colour: string
  readonly shape: Shape
}

const SHAPES: ReadonlyArray<Shape> = ["circle", "square", "diamond", "triangle", "pentagon", "bar"]
/** Colours `--hue-0` to `--hue-7` of the style sheet. */
const HUE_COUNT = 8

const TROUBLES: ReadonlySet<string> = new Set(["stuck", "failed", "error", "quarantined"])

const FAILED: StateLook = { colour: "var(--bad)", shape: "cross" }
const UNKNOWN: StateLook = { colour: "var(--quiet)", shape: "ring" }

interface Known {
  readonly index: number
  readonly isFinal: boolean
}

const knownStates = new WeakMap<ChartState, ReadonlyMap<string, Known>>()

/** Every state of the chart by its path, as in `shipping.packed`. */
const statesOf = (chart: ChartState): ReadonlyMap<string, Known> => {
  const cached = knownStates.get(chart)
  if (cached !== undefined) return cached
  const states = new Map<string, Known>()
  const visit = (state: ChartState, path: string) => {
    if (state.type === "history") return
    if (path !== "") states.set(path, { index: states.size, isFinal: state.type === "final" })
    for (const inner of state.states) visit(inner, path === "" ? inner.key : `${path}.${inner.key}`)
  }
  visit(chart, "")
  knownStates.set(chart, states)
  return states
}

/** The look of a state by its name, as commits have it: `placed`, `{fulfilling:packed}`, `{a:b,c:d}`. */
export const stateLook = (state: string | undefined, chart: ChartState | undefined): StateLook => {
  if (state === undefined || state === "") return UNKNOWN
  const [path = state] = statePaths(state)
  if (TROUBLES.has(path.split(".").at(-1) ?? path)) return FAILED
  const known = chart === undefined ? undefined : statesOf(chart).get(path)
  const index = known?.index ?? hashOf(path)
  return {
    colour: `var(--hue-${index % HUE_COUNT})`,
    shape: known?.isFinal === true ? "ring" : (SHAPES[index % SHAPES.length] ?? "circle"),
  }
}

const hashOf = (name: string): number => {
  let hash = 7
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 9_973
  return hash
}

/** The paths of a name for people: `a.(b.c, d)` has `a.b.c` and `a.d`. */
const regionPaths = (name: string): ReadonlyArray<string> => {
  const open = name.indexOf("(")
  if (open < 0) return [name]
  const parts: Array<string> = [""]
  let depth = 0
  for (const character of name.slice(open + 1, name.lastIndexOf(")"))) {
    if (character === "(") depth++
    if (character === ")") depth--
    if (character === "," && depth === 0) parts.push("")
    else parts.push(`${parts.pop()}${character}`)
  }
  return parts.flatMap((part) => regionPaths(`${name.slice(0, open)}${part.trimStart()}`))
}

interface Nested {
  readonly [key: string]: Nested
}

const compactText = (states: Nested): string => {
  const parts = Object.entries(states).map(([key, inner]) =>
    Object.keys(inner).length === 0 ? key : `${key}:${compactText(inner)}`,
  )
  const [only = ""] = parts
  return parts.length === 1 && !only.includes(":") ? only : `{${parts.join(",")}}`
}

/** The name as conditions of lists take it: `{a:b,c:d}` for `(a.b, c.d)`. Other names stay as they are. */
export const stateCondition = (name: string): string => {
  if (!name.includes("(")) return name
  const states: Record<string, Nested> = {}
  for (const path of regionPaths(name)) {
    let at: Record<string, Nested> = states
    for (const key of path.split(".")) {
      at[key] ??= {}
      at = at[key] as Record<string, Nested>
    }
  }
  return compactText(states)
}

/**
 * The innermost states of a name as paths: `{a:b,c:{d:e}}` has `a.b` and `c.d.e`. Names for people, `(a.b, c.d.e)`,
 * are read, too.
 */
export const statePaths = (name: string): ReadonlyArray<string> => {
  if (name.includes("(")) return regionPaths(name)
  const paths: Array<string> = []
  const parents: Array<string> = []
  let key: string | undefined
  const end = () => {
    if (key !== undefined) paths.push([...parents, key].join("."))
    key = undefined
  }
  for (const token of name.match(/[{}:,]|[^{}:,]+/g) ?? []) {
    if (token === ":") continue
    if (token === "{") {
      if (key !== undefined) parents.push(key)
      key = undefined
    } else if (token === "}") {
      end()
      parents.pop()
    } else if (token === ",") end()
    else if (key === undefined) key = token
    else key = leaf(parents, key, token, paths)
  }
  end()
  return paths
}

/** `a:b` inside of braces: the state `b` of the region or parent `a`. */
const leaf = (
  parents: ReadonlyArray<string>,
  parent: string,
  key: string,
  paths: Array<string>,
): undefined => {
  paths.push([...parents, parent, key].join("."))
  return undefined
}

/** The name for people: `shipping.packed`, or `payment.due + stock.held`. */
export const stateText = (name: string): string => statePaths(name).join(" + ")
