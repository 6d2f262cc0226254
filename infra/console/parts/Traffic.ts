/**
 * How often each transition of a chart happened lately.
 *
 * Owns the way from the names that the service counts (state, event, state) to the keys of the chart's transitions.
 */
import type { ChartState, TransitionCount } from "../api/Documents.ts"
import { statePaths } from "./StateLook.ts"

/** Counts by the key of the transition. What fits no transition of the chart is left out. */
export const trafficOf = (
  chart: ChartState,
  counts: ReadonlyArray<TransitionCount>,
): Readonly<Record<string, number>> => {
  const states = statesOf(chart)
  const pathOfId = new Map(states.map(({ id, path }) => [id, path]))
  const traffic: Record<string, number> = {}
  for (const { from, event, to, count } of counts) {
    const before = statePaths(from)
    const after = statePaths(to)
    const leads = (targets: ReadonlyArray<string>) =>
      targets.every((id) => after.some((path) => isWithin(path, pathOfId.get(id))))
    const taken = states
      .filter(({ path }) => before.some((one) => isWithin(one, path)))
      // Inner states come first, because they decide first.
      .toReversed()
      .flatMap((state) => state.transitions.filter((one) => takes(state, one, event) && leads(one.targets)))
      .at(0)
    if (taken !== undefined) traffic[taken.key] = (traffic[taken.key] ?? 0) + count
  }
  return traffic
}

const statesOf = (state: ChartState): ReadonlyArray<ChartState> => [state, ...state.states.flatMap(statesOf)]

const ROOT_PATH = "(root)"

const isWithin = (path: string, outer: string | undefined): boolean =>
  outer === ROOT_PATH || (outer !== undefined && (path === outer || path.startsWith(`${outer}.`)))

const takes = (
  { id }: ChartState,
  { event, after }: ChartState["transitions"][number],
  given: string,
): boolean =>
  event === given || (after !== undefined && given.startsWith("xstate.after.") && given.endsWith(`.${id}`))
