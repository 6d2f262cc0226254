/**
 * Whether a machine's configuration shows children, so that it has to run as a family.
 *
 * Owns that look. Children that a configuration does not show (spawned in `assign`, `enqueueActions`, or a
 * context factory) are noticed by Machine.ts when they are spawned.
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

/**
 * Whether an action is about children. The target of `sendTo` may be a function that returns the machine
 * itself, which is no child.
 */
const concernsChildren = ({ type, to }: GivenAction): boolean =>
  type === "xstate.spawnChild" ||
  type === "xstate.stopChild" ||
  (type === "xstate.sendTo" && typeof to === "string" && to !== "#_internal")
