/**
 * Which states of a large chart are closed when it is opened, and which a reader finds open.
 *
 * Owns the limit: nobody reads hundreds of states at once, and their layout takes seconds.
 */
import type { ChartState } from "../api/Documents.ts"

/** Charts with more states than this are opened level by level. */
export const OPEN_STATES_MAX = 80

/**
 * Paths of the states that are closed at first: none in a small chart. In a large one, whole levels are open as long as
 * they fit, and so is everything around `active` states.
 */
export const collapsedAtFirst = (chart: ChartState, active: ReadonlySet<string>): ReadonlySet<string> => {
  const collapsed = new Set<string>()
  let level: ReadonlyArray<ChartState> = chart.states
  let shown = level.length
  while (level.length > 0) {
    const next = level.flatMap(({ states }) => states)
    if (shown + next.length > OPEN_STATES_MAX) break
    shown += next.length
    level = next
  }
  for (const state of level) close(state, active, collapsed)
  return collapsed
}

const close = (state: ChartState, active: ReadonlySet<string>, collapsed: Set<string>): void => {
  if (state.states.length === 0) return
  if (!state.states.some(({ path }) => active.has(path))) collapsed.add(state.path)
  for (const child of state.states) close(child, active, collapsed)
}

/** Paths of all states that have states inside, but not the root. */
export const closableStates = (chart: ChartState): ReadonlyArray<string> =>
  chart.states.flatMap((state) => [
    ...(state.states.length > 0 ? [state.path] : []),
    ...closableStates(state),
  ])
