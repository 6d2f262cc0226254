/**
 * Names that a machine uses without an implementation: guards, delays and actions that neither `setup` nor
 * `provide` gave it.
 *
 * Owns the search. XState throws at such a guard, does not wait for such a delay, and does nothing for such
 * an action. DurableMachine.ts refuses such guards and delays, MachineWarnings.ts warns of such actions.
 * ../machine/InvokedLogic.ts looks up actors.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate"
import { actionsOf, nodesOf, resolvedAction, transitionsOf } from "../machine/StateNodes.ts"

export interface UnprovidedName {
  readonly kind: "guard" | "delay" | "action"
  readonly name: string
  /** Id of the state. */
  readonly nodeId: string
  /** Part of the state that uses the name: `after`, `raise`, `on "Go"`. */
  readonly use: string
}

/** Each name once for each state and use, in the order of the chart. */
export const unprovidedNames = (machine: AnyStateMachine): ReadonlyArray<UnprovidedName> =>
  nodesOf(machine.root).flatMap((node) => [...guardsIn(node), ...delaysIn(node), ...actionsIn(node)])

const isGiven = (names: object, name: string): boolean => Object.hasOwn(names, name)

const guardsIn = (node: AnyStateNode): ReadonlyArray<UnprovidedName> =>
  transitionsOf(node).flatMap(({ guard, eventType }) =>
    guardNames(guard, node.machine).map((name) => {
      const use = eventType === "" ? "`always`" : `\`on\` of ${JSON.stringify(eventType)}`
      return { kind: "guard" as const, name, nodeId: node.id, use }
    }),
  )

/** Unprovided names of a guard and of the guards inside `and`, `or` and `not`. */
const guardNames = (guard: unknown, machine: AnyStateMachine): ReadonlyArray<string> => {
  if (guard === undefined) return []
  if (typeof guard === "function") {
    const { guards = [] } = guard as { readonly guards?: ReadonlyArray<unknown> }
    return guards.flatMap((inner) => guardNames(inner, machine))
  }
  const name = typeof guard === "string" ? guard : String((guard as { readonly type?: unknown }).type)
  return isGiven(machine.implementations.guards, name) ? [] : [name]
}

const delaysIn = (node: AnyStateNode): ReadonlyArray<UnprovidedName> => {
  const { delays } = node.machine.implementations
  const isMissing = (delay: unknown): delay is string => typeof delay === "string" && !isGiven(delays, delay)
  const missing = (name: string, use: string) => ({ kind: "delay" as const, name, nodeId: node.id, use })
  const after = Object.keys(node.config.after ?? {}).filter(
    (key) => Number.isNaN(Number(key)) && isMissing(key),
  )
  const sent = actionsOf(node).flatMap((given) => {
    const action = resolvedAction(given, node.machine) as {
      readonly type?: string
      readonly delay?: unknown
      readonly event?: { readonly type?: unknown }
    }
    // XState makes a raise of every `after`, which is reported above.
    const isAfter = String(action.event?.type).startsWith("xstate.after.")
    const isSent = action.type === "xstate.raise" || action.type === "xstate.sendTo"
    return isSent && !isAfter && isMissing(action.delay)
      ? [missing(action.delay, `\`${action.type?.slice("xstate.".length)}\``)]
      : []
  })
  return [...after.map((name) => missing(name, "`after`")), ...sent]
}

const actionsIn = (node: AnyStateNode): ReadonlyArray<UnprovidedName> => {
  const names = actionsOf(node).flatMap((given) => {
    if (typeof given === "function") return []
    const name = typeof given === "string" ? given : (given as { readonly type?: unknown }).type
    return typeof name === "string" && !isGiven(node.machine.implementations.actions, name) ? [name] : []
  })
  return [...new Set(names)].map((name) => ({
    kind: "action" as const,
    name,
    nodeId: node.id,
    use: "an action",
  }))
}
