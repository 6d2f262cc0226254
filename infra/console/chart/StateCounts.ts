/**
 * The number of actors in every state of a chart, from the numbers of some of them.
 *
 * Owns the sums: an actor in a state is in all of its parents, and in every region of a parallel state.
 */
import type { ChartState } from "../api/Documents.ts"

/** A number that is given for a state is taken as it is. Others are the sum of what is inside. */
export const countsByPath = (
  chart: ChartState,
  given: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  const count = (state: ChartState): number => {
    const inside = state.states.filter(({ type }) => type !== "history").map(count)
    const sum =
      state.type === "parallel" ? Math.max(0, ...inside) : inside.reduce((total, one) => total + one, 0)
    const own = Object.hasOwn(given, state.path) ? (given[state.path] ?? 0) : sum
    counts.set(state.path, own)
    return own
  }
  count(chart)
  return counts
}

/** Share of the whole, from 0 to 1, in a form in which small shares stay visible. */
export const heatOf = (count: number, max: number): number =>
  count <= 0 || max <= 0 ? 0 : Math.log1p(count) / Math.log1p(max)
