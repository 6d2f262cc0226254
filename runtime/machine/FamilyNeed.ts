/**
 * Whether a machine's configuration shows that it has children, and so has to run as a family.
 *
 * Owns that look. Children that a configuration does not show (spawned in `assign`, `enqueueActions`, or a context factory)
 * are noticed when they are spawned: Machine.ts.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate"
import { callLogicOf, logicOf } from "./InvokedLogic.ts"
import { actionsOf, type GivenAction, nodesOf, resolvedAction } from "./StateNodes.ts"

export const needsFamily = (machine: AnyStateMachine): boolean =>
  nodesOf(machine.root).some(
    (node) =>
      node.invoke.some((invoke) => invokesChild(invoke, machine)) ||
      actionsOf(node).some((action) => concernsChildren(resolvedAction(action, machine))),
  )

const invokesChild = (
  { src, systemId, onSnapshot }: AnyStateNode["invoke"][number],
  machine: AnyStateMachine,
): boolean =>
  systemId !== undefined ||
  onSnapshot !== undefined ||
  callLogicOf(logicOf(machine, src as string)) === undefined

/** `sendTo` a function's result may be to the machine itself, which is no child. */
const concernsChildren = ({ type, to }: GivenAction): boolean =>
  type === "xstate.spawnChild" ||
  type === "xstate.stopChild" ||
  (type === "xstate.sendTo" && typeof to === "string" && to !== "#_internal")
