/**
 * The keys of a chart: arrows move between states, brackets between the transitions of a state, Enter opens.
 *
 * Owns the keys. Which state is next in a direction: Viewport.ts.
 */
import type { KeyboardEvent } from "react"
import type { ChartGeometry, DrawnState } from "./ChartGeometry.ts"
import type { ChartModel } from "./ChartModel.ts"
import { ROOT_PATH } from "./ChartModel.ts"
import type { Box } from "./Container.ts"
import { isArrowKey, nextBox } from "./Viewport.ts"

interface Keyed {
  readonly model: ChartModel
  readonly geometry: ChartGeometry | undefined
  /** Path of the state that has the focus. */
  readonly focus: string | undefined
  /** Key of the chosen transition. */
  readonly chosen: string | undefined
  readonly zoom: (factor: number) => void
  readonly showAll: () => void
  readonly toggle: (path: string) => void
  readonly choose: (key: string | undefined) => void
  readonly moveTo: (state: DrawnState) => void
  readonly onState: ((path: string) => void) | undefined
  readonly onTransition: ((key: string) => void) | undefined
}

export const ZOOM_STEP = 1.3

export const useChartKeys = (keyed: Keyed): ((event: KeyboardEvent) => void) => {
  const { model, geometry, focus, chosen } = keyed
  const keysAt = (path: string): Readonly<Record<string, () => void>> => ({
    "+": () => keyed.zoom(ZOOM_STEP),
    "=": () => keyed.zoom(ZOOM_STEP),
    "-": () => keyed.zoom(1 / ZOOM_STEP),
    "0": keyed.showAll,
    " ": () => keyed.toggle(path),
    "]": () => keyed.choose(nextKey(model, path, chosen, 1)),
    "[": () => keyed.choose(nextKey(model, path, chosen, -1)),
    Enter: () => (chosen === undefined ? keyed.onState?.(path) : keyed.onTransition?.(chosen)),
  })
  return (event) => {
    const isOfButton = event.target instanceof HTMLButtonElement
    if (geometry === undefined || isOfButton || event.ctrlKey || event.metaKey || event.altKey) return
    const path = stateAt(event.target) ?? focus ?? ROOT_PATH
    const keys = keysAt(path)
    if (isArrowKey(event.key)) {
      const at = geometry.states.findIndex(({ node }) => node.path === path)
      const next = nextBox(geometry.states.map(headBox), at, event.key)
      const state = next === undefined ? undefined : geometry.states[next]
      if (state !== undefined) keyed.moveTo(state)
    } else if (Object.hasOwn(keys, event.key)) keys[event.key]?.()
    else return
    event.preventDefault()
  }
}

/** Path of the state that the element belongs to. */
export const stateAt = (element: EventTarget): string | undefined =>
  element instanceof Element
    ? (element.closest("[data-path]")?.getAttribute("data-path") ?? undefined)
    : undefined

/** The part of a state that stands for it when a reader moves from one to another. */
export const headBox = ({ box, head, content, isContainer }: DrawnState): Box =>
  isContainer ? { ...head, width: content.width, height: content.height } : box

/** The transition of the state before or behind `key`, all around. */
const nextKey = (
  { edges }: ChartModel,
  path: string,
  key: string | undefined,
  step: 1 | -1,
): string | undefined => {
  const keys = edges
    .filter(({ source }) => source === path)
    .flatMap(({ labels }) => labels.map((label) => label.key))
  const at = key === undefined ? -1 : keys.indexOf(key)
  if (at < 0) return step === 1 ? keys[0] : keys.at(-1)
  return keys[(at + step + keys.length) % keys.length]
}
