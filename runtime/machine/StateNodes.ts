/**
 * The states of a machine's chart, and the actions and transitions in them.
 *
 * Owns the walk over a configuration. What a configuration must not have: ../definition/DurableMachine.ts.
 * Whether it needs a family: FamilyNeed.ts.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate"

/** The state and all states inside of it, in the order of the chart. */
export const nodesOf = (node: AnyStateNode): ReadonlyArray<AnyStateNode> => [
  node,
  ...Object.values(node.states).flatMap(nodesOf),
]

/** The transitions of a state itself, `always` included. */
export const transitionsOf = (node: AnyStateNode): ReadonlyArray<AnyTransition> => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
]

type AnyTransition = NonNullable<AnyStateNode["always"]>[number]

/** All actions in the configuration of a state. */
export const actionsOf = (node: AnyStateNode): ReadonlyArray<unknown> => [
  ...node.entry,
  ...node.exit,
  ...(node.initial?.actions ?? []),
  ...transitionsOf(node).flatMap(({ actions }) => actions),
]

export interface GivenAction {
  readonly type?: string
  readonly to?: unknown
  readonly src?: unknown
}

/**
 * The action behind a reference: a function, a name, or `{ type, params }`. Names are looked up in the
 * machine's implementations.
 */
export const resolvedAction = (action: unknown, machine: AnyStateMachine): GivenAction => {
  const name = typeof action === "string" ? action : (action as { type?: unknown } | null)?.type
  if (typeof action === "function" || typeof name !== "string") return Object(action) as GivenAction
  return Object(machine.implementations.actions[name] ?? action) as GivenAction
}

/** Whether code of the user influences the state in which an actor is born. */
export const runsCodeAtBirth = (machine: AnyStateMachine): boolean =>
  typeof machine.config.context === "function" ||
  nodesOf(machine.root).some(
    ({ entry, always, initial }) =>
      entry.length > 0 || (always ?? []).length > 0 || (initial?.actions.length ?? 0) > 0,
  )
