/**
 * Warnings of `defineActor`: features of a machine that have no effect although the machine can run.
 *
 * Owns the texts, and how they are given: as `warnings` of the definition, and once through Effect's logger.
 * Problems with which a machine cannot run are refused instead: DurableMachine.ts.
 */
import { Effect } from "effect"
import type { AnyStateMachine, AnyStateNode } from "xstate"
import { machinesIn } from "../machine/ChildLogic.ts"
import { callLogicOf, logicOf } from "../machine/InvokedLogic.ts"
import { nodesOf } from "../machine/StateNodes.ts"
import { announcementsIn } from "./Announcements.ts"
import { unprovidedNames } from "./UnprovidedNames.ts"

/** The warnings for a definition. `eventTypes` are its events; absent for a machine alone. */
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

/** Logs the warnings through Effect's logger, which writes to the console by default. */
export const warn = (warnings: ReadonlyArray<string>): void => {
  for (const warning of warnings) Effect.runSync(Effect.logWarning(warning))
}

/**
 * Warns of calls made by `defineCall(...)`, which have retries, if no transition handles their failure. There
 * is no warning for plain `fromPromise`, because leaving its failure unhandled is usual there: the machine
 * ends in status "error", as in XState.
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

/**
 * Whether a transition with this descriptor takes the event: the descriptor is the event's type, or a prefix
 * with a wildcard.
 */
const isMatch = (descriptor: string, eventType: string): boolean =>
  descriptor === eventType ||
  descriptor === "*" ||
  (descriptor.endsWith(".*") && eventType.startsWith(descriptor.slice(0, -1)))

/** Events of the definition that no state has a transition for and that the machine does not announce. */
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
