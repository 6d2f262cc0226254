/**
 * The chart of a machine as plain JSON: its states, nested, with everything that leads from one to another.
 *
 * Owns the translation from XState's nodes. Functions are shown by their names; a function without a name is
 * shown as `inline`. Who shows charts: infra/gateway/TypeDocument.ts.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate"
import { NotJson, plainJson } from "../json/Json.ts"
import { isThrown } from "../json/Thrown.ts"
import { keyOfTransition, pathOf } from "./TransitionKey.ts"

/** Kinds of states. */
export type ChartStateType = "atomic" | "compound" | "parallel" | "final" | "history"

/** One way out of a state. */
export interface ChartTransition {
  /** Key of the transition in the chart, as the coverage of a simulation has it. */
  readonly key: string
  /** Event that it takes; absent for `always` and `after`. */
  readonly event?: string
  /** Delay of an `after`: milliseconds, or the name of the delay. */
  readonly after?: number | string
  /** Name of the guard, `not(name)`, `and(name, name)`, or `inline`; absent without a guard. */
  readonly guard?: string
  /** Parameters of the guard, if they are plain JSON. */
  readonly guardParams?: unknown
  /** Ids of the states that it leads to; empty if it stays in the state. */
  readonly targets: ReadonlyArray<string>
  /** Names of its actions. */
  readonly actions: ReadonlyArray<string>
  /** True if the state is left and entered again although it is the target itself. */
  readonly reenter: boolean
  readonly description?: string
}

/** A call or child that a state invokes. */
export interface ChartInvoke {
  readonly id: string
  /** Name of the logic. */
  readonly src: string
}

/** One state of a chart. */
export interface ChartState {
  /** Id of the state in the machine, as `targets` name it. */
  readonly id: string
  /** Name of the state in its parent. */
  readonly key: string
  /** Keys of the state and its parents with dots, `(root)` for the root, as the coverage has it. */
  readonly path: string
  readonly type: ChartStateType
  /** Key of the initial state; on compound states only. */
  readonly initial?: string
  /** On history states only. */
  readonly history?: "shallow" | "deep"
  /** Ids of the states that a history state leads to at first; empty if its parent's initial state is entered. */
  readonly defaultTargets?: ReadonlyArray<string>
  readonly description?: string
  readonly tags: ReadonlyArray<string>
  /** `meta` of the state, if it is plain JSON. */
  readonly meta?: unknown
  readonly entry: ReadonlyArray<string>
  readonly exit: ReadonlyArray<string>
  readonly invokes: ReadonlyArray<ChartInvoke>
  readonly transitions: ReadonlyArray<ChartTransition>
  readonly states: ReadonlyArray<ChartState>
}

/** Name that stands for a function without a name. */
const INLINE = "inline"

/** `xstate.after.<delay>.<state id>`: the event of a timer. */
const AFTER = /^xstate\.after\.(.+)$/

/** The chart of the machine. */
export const chartOf = (machine: AnyStateMachine): ChartState => chartState(machine.root)

const chartState = (node: AnyStateNode): ChartState => {
  const initial = node.type === "compound" ? node.initial?.target[0]?.key : undefined
  const meta = node.meta === undefined ? undefined : plainOrNothing(node.meta)
  return {
    id: node.id,
    key: node.key,
    path: pathOf(node),
    type: node.type,
    ...(initial === undefined ? undefined : { initial }),
    ...(node.type === "history" ? historyOf(node) : undefined),
    ...(node.description === undefined ? undefined : { description: node.description }),
    tags: [...node.tags],
    ...(meta === undefined ? undefined : { meta }),
    entry: node.entry.filter(isUsers).map(nameOf),
    exit: node.exit.filter(isUsers).map(nameOf),
    invokes: node.invoke.map(({ id, src }) => ({ id, src: nameOf(src) })),
    transitions: transitionsOf(node),
    states: Object.values(node.states).map(chartState),
  }
}

const historyOf = (node: AnyStateNode): Pick<ChartState, "history" | "defaultTargets"> => ({
  history: node.history === "deep" ? "deep" : "shallow",
  defaultTargets: defaultTargetsOf(node),
})

/** XState resolves the default of a history state only when it is entered: a path in its parent, or `#` and an id. */
const defaultTargetsOf = (node: AnyStateNode): ReadonlyArray<string> => {
  const { target } = node.config as { readonly target?: string | ReadonlyArray<string> }
  return (target === undefined ? [] : [target].flat()).flatMap((name) => {
    const found = name.startsWith("#") ? node.machine.getStateNodeById(name) : stateAt(node.parent, name)
    return found === undefined ? [] : [found.id]
  })
}

const stateAt = (node: AnyStateNode | undefined, path: string): AnyStateNode | undefined =>
  path.split(".").reduce((parent, key) => parent?.states[key], node)

const transitionsOf = (node: AnyStateNode): ReadonlyArray<ChartTransition> => {
  const delays = delaysOf(node)
  return [
    ...[...node.transitions].flatMap(([event, given]) =>
      given.map((one) => {
        const delay = AFTER.exec(event)?.[1]
        const how = delay === undefined ? { event } : { after: delays.get(event) ?? delay }
        return transition(one, how)
      }),
    ),
    ...(node.always ?? []).map((one) => transition(one, {})),
  ]
}

/** The delay of each timer event of the state. */
const delaysOf = (node: AnyStateNode): ReadonlyMap<string, number | string> =>
  new Map(
    node.after.map(({ eventType, delay }) => [
      eventType,
      typeof delay === "number" || typeof delay === "string" ? delay : INLINE,
    ]),
  )

type AnyTransition = AnyStateNode["after"][number] | NonNullable<AnyStateNode["always"]>[number]

const transition = (given: AnyTransition, how: Pick<ChartTransition, "event" | "after">): ChartTransition => {
  const { guard, target, actions, reenter, description } = given
  const guardParams = plainOrNothing((guard as { readonly params?: unknown } | undefined)?.params)
  return {
    key: keyOfTransition(given),
    ...how,
    ...(guard === undefined ? undefined : { guard: guardNameOf(guard) }),
    ...(guardParams === undefined ? undefined : { guardParams }),
    targets: (target ?? []).map(({ id }) => id),
    actions: actions.map(nameOf),
    reenter,
    ...(description === undefined ? undefined : { description }),
  }
}

/** Plain JSON; `undefined` for other values, which JSON cannot show. */
const plainOrNothing = (value: unknown): unknown => {
  try {
    return plainJson(value)
  } catch (cause) {
    if (isThrown(cause, NotJson)) return undefined
    throw cause
  }
}

/** XState puts actions of its own into a state with `after`: they start and stop its timers. */
const isUsers = (action: unknown): boolean => {
  const { type, id, sendId } = action as Record<"type" | "id" | "sendId", unknown>
  const ofTimer = type === "xstate.raise" ? id : type === "xstate.cancel" ? sendId : undefined
  return typeof ofTimer !== "string" || !AFTER.test(ofTimer)
}

/** Guards made of others (`not`, `and`, `or`) are shown with the names of their parts. */
const guardNameOf = (guard: unknown): string => {
  const parts = (guard as { readonly guards?: ReadonlyArray<unknown> }).guards
  const name = nameOf(guard)
  return parts === undefined ? name : `${name}(${parts.map(guardNameOf).join(", ")})`
}

/** Name of an action, guard or logic, which XState gives as a text, an object with a type, or a function. */
const nameOf = (given: unknown): string => {
  if (typeof given === "string") return given
  const type = (given as { readonly type?: unknown } | null)?.type
  if (typeof type === "string") return type
  if (typeof given === "function" && given.name !== "") return given.name
  return INLINE
}
