/**
 * Refuses, when an actor is defined, what its machine could not keep through a crash, and says what to write instead: all of
 * it at once, each with its place in the chart.
 *
 * Owns the list of those things. What cannot be seen in a configuration (a child spawned inside `assign` or `enqueueActions`) is refused
 * by ../machine/Machine.ts when it happens.
 */
import type { AnyStateMachine } from "xstate"
import { callLogicOf, logicOf } from "../machine/InvokedLogic.ts"
import { DefinitionError, type DefinitionProblem, definitionErrorOf } from "./DefinitionError.ts"

interface Invoke {
  readonly id: string
  readonly src: string
}

interface InvokeConfig {
  readonly onSnapshot?: unknown
  readonly systemId?: unknown
}

interface Node {
  readonly id: string
  readonly type: string
  readonly config: { readonly after?: object; readonly invoke?: unknown }
  readonly invoke: ReadonlyArray<Invoke>
  readonly entry: ReadonlyArray<unknown>
  readonly exit: ReadonlyArray<unknown>
  readonly transitions: ReadonlyMap<string, ReadonlyArray<{ readonly actions: ReadonlyArray<unknown> }>>
  readonly always?: ReadonlyArray<{
    readonly actions: ReadonlyArray<unknown>
    readonly target: ReadonlyArray<Node> | undefined
  }>
  readonly initial:
    | { readonly actions: ReadonlyArray<unknown>; readonly target: ReadonlyArray<Node> | undefined }
    | undefined
  readonly states: { readonly [key: string]: Node }
}

/** What an action of XState cannot do here, by the type that XState gives it. */
const REFUSED_ACTIONS: { readonly [type: string]: readonly [what: string, hint: string] } = {
  "xstate.spawnChild": [
    "spawns a child machine",
    "A child would live in memory only. Define it with defineActor and address it by id: dispatch(() => tell(...)).",
  ],
  "xstate.stopChild": [
    "stops a child machine",
    "There are no child machines; define actors of their own instead.",
  ],
}

const SENDS_TO_ANOTHER = [
  "sends to another actor (sendTo, sendParent, forwardTo)",
  "The message would be lost in a crash. Write dispatch(() => tell(Actor, id, command)), or request(...) for an answer.",
] as const

interface GivenAction {
  readonly type?: string
  readonly to?: unknown
}

/** Whom `sendTo` names; a function may name the machine itself, and is asked when it runs. */
const sendsToAnother = ({ type, to }: GivenAction): boolean =>
  type === "xstate.sendTo" && typeof to === "string" && to !== "#_internal"

type Refuse = (nodeId: string, what: string, hint: string) => void

/** Throws one {@link DefinitionError} for everything in `machine` that cannot be durable. */
export const refuseWhatCannotBeDurable = (actorType: string, machine: AnyStateMachine): void => {
  if (typeof machine?.options !== "object" || typeof machine.root !== "object") {
    const hint =
      "Make it with `setup(...).createMachine(...)` of xstate 5.33 or newer; have one copy of it installed."
    throw new DefinitionError({ actorType, what: "a `machine` that is no machine of this XState", hint })
  }
  const problems: Array<DefinitionProblem> = []
  const refuse: Refuse = (nodeId, what, hint) => problems.push({ what: `state "${nodeId}" ${what}`, hint })
  visit(machine.root as unknown as Node, machine, refuse)
  const error = definitionErrorOf(actorType, problems)
  if (error !== undefined) throw error
}

const visit = (node: Node, machine: AnyStateMachine, refuse: Refuse): void => {
  const configs = node.config.invoke === undefined ? [] : [node.config.invoke].flat()
  for (const [index, invoke] of node.invoke.entries()) {
    refuseInvoke(node.id, invoke, (configs[index] ?? {}) as InvokeConfig, machine, refuse)
  }
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? [], node.initial ?? [])
  for (const action of [...node.entry, ...node.exit, ...transitions.flatMap(({ actions }) => actions)]) {
    const resolved = resolve(action, machine) as GivenAction
    const refused = sendsToAnother(resolved) ? SENDS_TO_ANOTHER : REFUSED_ACTIONS[resolved.type ?? ""]
    if (refused !== undefined) refuse(node.id, ...refused)
  }
  for (const child of Object.values(node.states)) visit(child, machine, refuse)
}

const refuseInvoke = (
  nodeId: string,
  { id, src }: Invoke,
  { onSnapshot, systemId }: InvokeConfig,
  machine: AnyStateMachine,
  refuse: Refuse,
): void => {
  const what = `invokes "${id}"`
  if (callLogicOf(logicOf(machine, src)) === undefined) {
    return refuse(
      nodeId,
      `${what}, which is no promise logic`,
      "Machines, callbacks and observables live in memory only. Invoke call(...) or fromPromise(...), provided in setup({ actors }); define machines as actors of their own.",
    )
  }
  if (systemId !== undefined) {
    refuse(nodeId, `${what} with systemId`, "Nothing of a call can be addressed. Leave it out.")
  }
  if (onSnapshot !== undefined) {
    const hint = "A durable call has an outcome, and nothing in between. Leave it out."
    refuse(nodeId, `${what} with onSnapshot`, hint)
  }
}

/** Actions are functions, names, or `{ type, params }`; names are looked up in the machine's implementations. */
const resolve = (action: unknown, machine: AnyStateMachine): object => {
  const name = typeof action === "string" ? action : (action as { type?: unknown }).type
  if (typeof action === "function" || typeof name !== "string") return action as object
  return machine.implementations.actions[name as never] ?? Object(action)
}
