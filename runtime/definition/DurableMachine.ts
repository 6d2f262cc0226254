/**
 * Refuses, when an actor is defined, everything in its machine that would not survive a crash, and says what
 * to write instead. It reports all problems together, each with its state in the chart.
 *
 * Owns the list of those problems. A child that a configuration does not show (spawned inside `assign` or
 * `enqueueActions`) is refused by ../machine/Machine.ts when it is spawned.
 */
import type { AnyStateMachine } from "xstate"
import { encodeValue, NotStorable } from "../json/StoredValue.ts"
import { kindOf, machinesIn, memoryKindOf, srcNameOf } from "../machine/ChildLogic.ts"
import { logicOf } from "../machine/InvokedLogic.ts"
import { isReserved } from "../machine/Machine.ts"
import { actionsOf, nodesOf, resolvedAction } from "../machine/StateNodes.ts"
import { announcementsIn } from "./Announcements.ts"
import { type DefinitionProblem, InvalidDefinition, invalidDefinitionOf } from "./InvalidDefinition.ts"
import { unprovidedNames } from "./UnprovidedNames.ts"

/** Problem of a machine that refers to its parent: the machine of an actor has none. */
const NO_PARENT = [
  "sends to its parent (sendParent), which an actor has not",
  "Write dispatch(() => send.tell({ actor: Actor, id, command })), or send.request(...) for an answer.",
] as const

/** Logic that lives in memory only, with the advice what to write instead. */
const IN_MEMORY = {
  callback: [
    "a callback (fromCallback)",
    "Write a setTimeout or setInterval in it as `after`, which may lead back to its own state with `reenter: true`; one result as defineCall(...) or fromPromise(...); what it listens to as commands to the actor, which an adapter of yours sends with tell(...).",
  ],
  observable: [
    "an observable (fromObservable, fromEventObservable)",
    "Write a clock as `after`, which may lead back to its own state with `reenter: true`; events of others as commands to the actor, which an adapter of yours sends with tell(...), or as a reactor.",
  ],
  other: [
    "logic that is no promise, transition or machine",
    "Write it as fromTransition(...), fromPromise(...), defineCall(...) or a machine.",
  ],
} as const

/** Id that XState gives to an `invoke` without one. */
const UNNAMED_INVOKE = /^\d+\./

type Refuse = (nodeId: string, what: string, hint: string) => void

/**
 * Throws one {@link InvalidDefinition} for everything in `machine` that cannot be durable. `eventTypes` are
 * the events of the definition; absent for a machine alone.
 */
export const refuseWhatCannotBeDurable = (
  actorType: string,
  machine: AnyStateMachine,
  eventTypes?: ReadonlyArray<string>,
): void => {
  if (typeof machine?.options !== "object" || typeof machine.root !== "object") {
    const hint =
      "Make it with `setup(...).createMachine(...)` of xstate 5.33 or newer; have one copy of it installed."
    throw new InvalidDefinition({ actorType, what: "a `machine` that is no machine of this XState", hint })
  }
  const problems: Array<DefinitionProblem> = []
  const refuse: Refuse = (nodeId, what, hint) => problems.push({ what: `state "${nodeId}" ${what}`, hint })
  for (const [inner, isChild] of machinesIn(machine)) {
    refuseChildren(inner, isChild, refuse)
    refuseUnprovided(inner, refuse)
    refuseAnnouncements(inner, eventTypes, refuse)
  }
  problems.push(...problemsOfContext(machine.config.context))
  const error = invalidDefinitionOf(actorType, problems)
  if (error !== undefined) throw error
}

const refuseChildren = (machine: AnyStateMachine, isChild: boolean, refuse: Refuse): void => {
  for (const node of nodesOf(machine.root)) {
    for (const { id, src } of node.invoke) {
      const what = UNNAMED_INVOKE.test(id) ? "invokes" : `invokes "${id}",`
      refuseLogic(node.id, what, src as string, machine, refuse)
    }
    for (const given of actionsOf(node)) {
      const { type, to, src } = resolvedAction(given, machine)
      if (type === "xstate.spawnChild") refuseSpawn(node.id, src, machine, refuse)
      if (type === "xstate.sendTo" && to === "#_parent" && !isChild) refuse(node.id, ...NO_PARENT)
    }
  }
}

/**
 * Refuses guards and delays without an implementation, because XState throws at such a guard and does not
 * wait for such a delay.
 */
const refuseUnprovided = (machine: AnyStateMachine, refuse: Refuse): void => {
  for (const { kind, name, nodeId, use } of unprovidedNames(machine)) {
    if (kind === "action") continue
    const known = Object.keys(machine.implementations[`${kind}s`]).map((other) => `"${other}"`)
    const has = known.length === 0 ? `The machine has no ${kind}s.` : `The machine has ${known.join(", ")}.`
    const instead = `Provide it: setup({ ${kind}s: { ${JSON.stringify(name)}: ... } }), or machine.provide(...).`
    refuse(
      nodeId,
      `has ${use} with the ${kind} "${name}", which the machine does not have`,
      `${has} ${instead}`,
    )
  }
}

/** Refuses announced events that the definition does not have, because followers read them as its events. */
const refuseAnnouncements = (
  machine: AnyStateMachine,
  eventTypes: ReadonlyArray<string> | undefined,
  refuse: Refuse,
): void => {
  for (const { type, nodeId } of announcementsIn(machine.root)) {
    const isKnown = eventTypes === undefined ? !isReserved(type) : eventTypes.includes(type)
    const hint = `Give it in \`events\`: ${JSON.stringify(type)}: defineEvent(schema).`
    if (!isKnown) refuse(nodeId, `announces "${type}", which is no event of the definition`, hint)
  }
}

/** Problems of the initial context. A context that a function makes is checked when an actor is born. */
const problemsOfContext = (context: unknown): ReadonlyArray<DefinitionProblem> => {
  if (typeof context !== "object" || context === null) return []
  try {
    encodeValue(context, "context")
    return []
  } catch (cause) {
    if (!(cause instanceof NotStorable)) throw cause
    const hint = "Keep plain data there, and make the rest of it in the action or call that needs it."
    return [{ what: `the machine's ${cause.message}`, hint }]
  }
}

/** Refuses a spawned child whose logic has no name, because after a crash its logic is found by name. */
const refuseSpawn = (nodeId: string, src: unknown, machine: AnyStateMachine, refuse: Refuse): void => {
  const name = srcNameOf(machine, src)
  if (name !== undefined) return refuseLogic(nodeId, `spawns "${name}",`, name, machine, refuse)
  const hint = "Provide the logic in setup({ actors: { name: logic } }) and write spawnChild(name)."
  refuse(nodeId, "spawns a child whose logic has no name (spawnChild)", hint)
}

const refuseLogic = (
  nodeId: string,
  what: string,
  src: string,
  machine: AnyStateMachine,
  refuse: Refuse,
): void => {
  const logic = logicOf(machine, src)
  if (logic === undefined) {
    const hint = `Provide it: setup({ actors: { ${JSON.stringify(src)}: ... } }).`
    refuse(nodeId, `${what} logic of the name ${JSON.stringify(src)}, which the machine does not have`, hint)
  } else if (kindOf(logic) === undefined) {
    const [kind, hint] = IN_MEMORY[memoryKindOf(logic)]
    refuse(nodeId, `${what} ${kind}, which lives in memory only`, hint)
  }
}
