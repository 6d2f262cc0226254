/**
 * What `defineActor` warns of: what a machine asks for and will not get, although it can run.
 *
 * Owns the texts, and how they are told: as `warnings` of the definition, and once through Effect's logger. What a
 * definition cannot run with is refused instead: DurableMachine.ts.
 */
import { Effect } from "effect"
import type { AnyStateMachine, AnyStateNode } from "xstate"
import { machinesIn } from "../machine/ChildLogic.ts"
import { callLogicOf, logicOf } from "../machine/InvokedLogic.ts"
import { nodesOf } from "../machine/StateNodes.ts"
import { announcementsIn } from "./Announcements.ts"
import { unprovidedNames } from "./UnprovidedNames.ts"

/** The warnings for a definition. `eventTypes`: its events; none for a machine alone. */
export const warningsOf = (
  actorType: string,
  machine: AnyStateMachine,
  eventTypes: ReadonlyArray<string> = [],
): ReadonlyArray<string> => {
  const actions = [...machinesIn(machine).keys()]
    .flatMap(unprovidedNames)
    .filter(({ kind }) => kind === "action")
    .map(
      ({ name, nodeId }) =>
        `state "${nodeId}" names the action "${name}", which the machine does not have: nothing is done. Provide it in setup({ actions }), or by machine.provide(...).`,
    )
  const calls = unhandledCalls(machine).map(
    ({ where, id }) =>
      `nothing handles the failure of the call "${id}" in ${where}. When its last attempt has failed, the machine ends in status "error". Say in onError where it goes then.`,
  )
  const events = unheardEvents(machine, eventTypes).map(
    (type) =>
      `no state handles the event "${type}", so a command that decides it is always rejected. Give a state a transition for it, or remove the event.`,
  )
  return [...actions, ...calls, ...events].map((text) => `Actor type "${actorType}": ${text}`)
}

/** Tells of them through Effect's logger, whose default writes to the console. */
export const warn = (warnings: ReadonlyArray<string>): void => {
  for (const warning of warnings) Effect.runSync(Effect.logWarning(warning))
}

/**
 * Calls made by `defineCall(...)`, which are tried again and again, and whose failure nothing handles. For plain `fromPromise`
 * that is a usual way to write it: the machine ends in status "error", as in XState.
 */
const unhandledCalls = (
  machine: AnyStateMachine,
): ReadonlyArray<{ readonly where: string; readonly id: string }> => {
  const visit = (node: AnyStateNode, handled: ReadonlyArray<string>): ReturnType<typeof unhandledCalls> => {
    const patterns = [...handled, ...node.transitions.keys()]
    const found = node.invoke.flatMap(({ id, src }) => {
      const logic = callLogicOf(logicOf(machine, src as never))
      const isHandled = patterns.some((pattern) => isMatch(pattern, `xstate.error.actor.${id}`))
      return logic === undefined || logic.isPlain === true || isHandled
        ? []
        : [{ where: `state "${node.id}"`, id }]
    })
    return [...found, ...Object.values(node.states).flatMap((child) => visit(child, patterns))]
  }
  return visit(machine.root, [])
}

/** Whether a transition with this descriptor is for the event: its type, or a prefix of it and a wildcard. */
const isMatch = (descriptor: string, eventType: string): boolean =>
  descriptor === eventType ||
  descriptor === "*" ||
  (descriptor.endsWith(".*") && eventType.startsWith(descriptor.slice(0, -1)))

/** Events of the definition that no state has a transition for, and that the machine does not announce. */
const unheardEvents = (
  machine: AnyStateMachine,
  eventTypes: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const descriptors = new Set(nodesOf(machine.root).flatMap(({ transitions }) => [...transitions.keys()]))
  const announced = new Set(
    [...machinesIn(machine).keys()].flatMap(({ root }) => announcementsIn(root).map(({ type }) => type)),
  )
  return eventTypes.filter(
    (type) => !(announced.has(type) || [...descriptors].some((descriptor) => isMatch(descriptor, type))),
  )
}
