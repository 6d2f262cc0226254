/**
 * Refuses, when an actor is defined, what its machine could not keep through a crash, and says what to write instead.
 *
 * Owns the list of those things. What cannot be seen in a configuration (a child spawned inside `assign`) is refused
 * by ../machine/Machine.ts when it happens.
 */
import type { AnyStateMachine } from "xstate"
import { DefinitionError } from "./DefinitionError.ts"

interface Node {
  readonly id: string
  readonly config: { readonly after?: object; readonly invoke?: unknown }
  readonly entry: ReadonlyArray<unknown>
  readonly exit: ReadonlyArray<unknown>
  readonly transitions: ReadonlyMap<string, ReadonlyArray<{ readonly actions: ReadonlyArray<unknown> }>>
  readonly always?: ReadonlyArray<{ readonly actions: ReadonlyArray<unknown> }>
  readonly initial: { readonly actions: ReadonlyArray<unknown> } | undefined
  readonly states: { readonly [key: string]: Node }
}

/** What an action of XState cannot do here, by the type that XState gives it. */
const REFUSED_ACTIONS: { readonly [type: string]: readonly [what: string, hint: string] } = {
  "xstate.spawnChild": [
    "spawns a child machine",
    "A child would live in memory only. Define it with defineActor and address it by id.",
  ],
  "xstate.stopChild": [
    "stops a child machine",
    "There are no child machines; define actors of their own instead.",
  ],
  "xstate.sendTo": [
    "sends to another actor (sendTo, sendParent, forwardTo)",
    "The message would be lost in a crash. Store an event and let the caller act on it; messages between actors are not there yet.",
  ],
  "xstate.emit": [
    "emits an event",
    "Published events are not there yet. Projections already see every stored event.",
  ],
  "xstate.cancel": [
    "cancels a delayed event",
    "Delayed events are not there yet, so there is nothing to cancel.",
  ],
}

type Describe = (nodeId: string, what: string, hint: string) => DefinitionError

/** Throws {@link DefinitionError} for the first thing in `machine` that cannot be durable. */
export const refuseWhatCannotBeDurable = (actorType: string, machine: AnyStateMachine): void => {
  if (typeof machine?.options !== "object" || typeof machine.root !== "object") {
    const hint =
      "Make it with `setup(...).createMachine(...)` of xstate 5.33 or newer; have one copy of it installed."
    throw new DefinitionError({ actorType, what: "a `machine` that is no machine of this XState", hint })
  }
  const describe: Describe = (nodeId, what, hint) =>
    new DefinitionError({ actorType, what: `state "${nodeId}" ${what}`, hint })
  visit(machine.root as unknown as Node, machine, describe)
}

const visit = (node: Node, machine: AnyStateMachine, describe: Describe): void => {
  if (Object.keys(node.config.after ?? {}).length > 0) {
    throw describe(
      node.id,
      "uses `after`",
      "Durable timers are not there yet. Until then, let the caller send a command when the time has come.",
    )
  }
  const invoked = node.config.invoke
  if (invoked !== undefined && (!Array.isArray(invoked) || invoked.length > 0)) {
    throw describe(
      node.id,
      "uses `invoke`",
      "Durable calls are not there yet. Make the call outside and send its result as a command with a commandId.",
    )
  }
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? [], node.initial ?? [])
  for (const action of [...node.entry, ...node.exit, ...transitions.flatMap(({ actions }) => actions)]) {
    refuseAction(node.id, resolve(action, machine), describe)
  }
  for (const child of Object.values(node.states)) visit(child, machine, describe)
}

/** Actions are functions, names, or `{ type, params }`; names are looked up in the machine's implementations. */
const resolve = (action: unknown, machine: AnyStateMachine): unknown => {
  const name = typeof action === "string" ? action : (action as { type?: unknown }).type
  if (typeof action === "function" || typeof name !== "string") return action
  return machine.implementations.actions[name as never] ?? action
}

const refuseAction = (nodeId: string, action: unknown, describe: Describe): void => {
  const { type, delay } = action as { readonly type?: string; readonly delay?: unknown }
  const refused = type === undefined ? undefined : REFUSED_ACTIONS[type]
  if (refused !== undefined) throw describe(nodeId, ...refused)
  if (type === "xstate.raise" && delay !== undefined) {
    throw describe(
      nodeId,
      "raises an event with a delay",
      "Durable timers are not there yet; raise without a delay.",
    )
  }
}
