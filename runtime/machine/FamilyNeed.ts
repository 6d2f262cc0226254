/**
 * Whether a machine's configuration shows that it has children, and so has to run as a family.
 *
 * Owns that look. Children that a configuration does not show (spawned in `assign`, `enqueueActions`, or a context factory)
 * are noticed when they are spawned: Machine.ts.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate"
import { callLogicOf, logicOf } from "./InvokedLogic.ts"

export const needsFamily = (machine: AnyStateMachine): boolean => isNeededBy(machine.root, machine)

const isNeededBy = (node: AnyStateNode, machine: AnyStateMachine): boolean =>
  node.invoke.some((invoke) => invokesChild(invoke, machine)) ||
  actionsOf(node).some((action) => concernsChildren(resolvedAction(action, machine))) ||
  Object.values(node.states).some((child) => isNeededBy(child, machine))

const invokesChild = (
  { src, systemId, onSnapshot }: AnyStateNode["invoke"][number],
  machine: AnyStateMachine,
): boolean =>
  systemId !== undefined ||
  onSnapshot !== undefined ||
  callLogicOf(logicOf(machine, src as string)) === undefined

/** All actions that a node shows. */
export const actionsOf = (node: AnyStateNode): ReadonlyArray<unknown> => {
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? [])
  const own = [...node.entry, ...node.exit, ...(node.initial?.actions ?? [])]
  return [...own, ...transitions.flatMap(({ actions }) => actions)]
}

/** Actions are functions, names, or `{ type, params }`; names are looked up in the machine's implementations. */
export const resolvedAction = (action: unknown, machine: AnyStateMachine): GivenAction => {
  const name = typeof action === "string" ? action : (action as { type?: unknown } | null)?.type
  if (typeof action === "function" || typeof name !== "string") return Object(action) as GivenAction
  return Object(machine.implementations.actions[name] ?? action) as GivenAction
}

export interface GivenAction {
  readonly type?: string
  readonly to?: unknown
  readonly src?: unknown
}

/** `sendTo` a function's result may be to the machine itself, which is no child. */
const concernsChildren = ({ type, to }: GivenAction): boolean =>
  type === "xstate.spawnChild" ||
  type === "xstate.stopChild" ||
  (type === "xstate.sendTo" && typeof to === "string" && to !== "#_internal")
