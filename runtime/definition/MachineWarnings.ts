/**
 * What `defineActor` warns of: what a machine asks for and will not get, although it can run.
 *
 * Owns the texts, and how they are told: as `warnings` of the definition, and once through Effect's logger. What a
 * definition cannot run with is refused instead: DurableMachine.ts.
 */
import { Effect } from "effect"
import type { AnyStateMachine, AnyStateNode } from "xstate"
import { callLogicOf, logicOf } from "../machine/InvokedLogic.ts"

/** The warnings for a definition. */
export const warningsOf = (actorType: string, machine: AnyStateMachine): ReadonlyArray<string> => {
  const delays = unknownDelays(machine).map(
    ({ where, name }) =>
      `Actor type "${actorType}": ${where} waits for the delay "${name}", which the machine does not have. It waits for no time at all. Name it in setup({ delays }).`,
  )
  const unhandled = unhandledCalls(machine).map(
    ({ where, id }) =>
      `Actor type "${actorType}": nothing handles the failure of the call "${id}" in ${where}. When its last attempt has failed, the machine ends in status "error". Say in onError where it goes then.`,
  )
  return [...delays, ...unhandled]
}

/** Tells of them through Effect's logger, whose default writes to the console. */
export const warn = (warnings: ReadonlyArray<string>): void => {
  for (const warning of warnings) Effect.runSync(Effect.logWarning(warning))
}

/**
 * Calls made by `call(...)`, which are tried again and again, and whose failure nothing handles. For plain `fromPromise`
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

interface UnknownDelay {
  readonly where: string
  readonly name: string
}

/** Names of delays that are used and not given. XState does not wait for such a delay. */
const unknownDelays = (machine: AnyStateMachine): ReadonlyArray<UnknownDelay> => {
  const isUnknown = (delay: unknown): delay is string =>
    typeof delay === "string" && !Object.hasOwn(machine.implementations.delays, delay)
  const found: Array<UnknownDelay> = []
  const visit = (node: AnyStateNode): void => {
    for (const key of Object.keys(node.config.after ?? {})) {
      if (Number.isNaN(Number(key)) && isUnknown(key)) {
        found.push({ where: `\`after\` of state "${node.id}"`, name: key })
      }
    }
    const transitions = [...node.transitions.values()].flat().concat(node.always ?? [])
    for (const action of [...node.entry, ...node.exit, ...transitions.flatMap(({ actions }) => actions)]) {
      const { type, delay, event } = resolved(action, machine) as {
        type?: unknown
        delay?: unknown
        event?: { type?: unknown }
      }
      // XState makes a raise of every `after`, which is told above.
      const isOwn = !String(event?.type).startsWith("xstate.after.")
      if (type === "xstate.raise" && isOwn && isUnknown(delay)) {
        found.push({ where: `a \`raise\` of state "${node.id}"`, name: delay })
      }
    }
    for (const child of Object.values(node.states)) visit(child)
  }
  visit(machine.root)
  return found
}

/** An action that is given by its name, as the machine has it. */
const resolved = (action: unknown, machine: AnyStateMachine): object => {
  const name = typeof action === "string" ? action : (action as { type?: unknown }).type
  if (typeof action === "function" || typeof name !== "string") return Object(action)
  return Object(machine.implementations.actions[name] ?? action)
}
