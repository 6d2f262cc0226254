/**
 * Keys of states and transitions: names that stay the same while the chart does.
 *
 * Owns the texts. Charts carry them (Chart.ts), and the coverage of a simulation counts by them
 * (../testing/simulation/Coverage.ts).
 */
import type { AnyStateNode } from "xstate"

type AnyTransition = AnyStateNode["after"][number] | NonNullable<AnyStateNode["always"]>[number]

/** Keys of the state and its parents, with dots: `fulfilling.packed`. */
export const pathOf = ({ path }: AnyStateNode): string => (path.length === 0 ? "(root)" : path.join("."))

/** `paid --OrderShipped--> shipped`; of several with the same event: `paid --Closed--> done (1 of 2)`. */
export const keyOfTransition = (transition: AnyTransition): string => {
  const { source, eventType, target } = transition
  const targets = target?.map(pathOf).join(", ") ?? "itself"
  const among = (eventType === "" ? source.always : source.transitions.get(eventType)) ?? []
  const place = among.length > 1 ? ` (${among.indexOf(transition as never) + 1} of ${among.length})` : ""
  return `${pathOf(source)} --${eventType === "" ? "always" : eventType}--> ${targets}${place}`
}
