/**
 * The chart of a machine as plain JSON: its states, nested, with everything that leads from one to another.
 *
 * Owns the translation from XState's nodes. Functions are shown by their names; a function without a name is
 * shown as `inline`. Who shows charts: infra/gateway/TypeDocument.ts.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate"
import { NotJson, plainJson } from "../json/Json.ts"
import { isThrown } from "../json/Thrown.ts"

/** Kinds of states. */
export type ChartStateType = "atomic" | "compound" | "parallel" | "final" | "history"

/** One way out of a state. */
export interface ChartTransition {
  /** Event that it takes; absent for `always` and `after`. */
  readonly event?: string
  /** Delay of an `after`: milliseconds, or the name of the delay. */
  readonly after?: number | string
  /** Name of the guard, or `inline`; absent without a guard. */
  readonly guard?: string
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
  readonly type: ChartStateType
  /** Key of the initial state; on compound states only. */
  readonly initial?: string
  /** On history states only. */
  readonly history?: "shallow" | "deep"
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
    type: node.type,
    ...(initial === undefined ? undefined : { initial }),
    ...(node.history === false ? undefined : { history: node.history }),
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

const transition = (
  { guard, target, actions, reenter, description }: AnyTransition,
  how: Pick<ChartTransition, "event" | "after">,
): ChartTransition => ({
  ...how,
  ...(guard === undefined ? undefined : { guard: nameOf(guard) }),
  targets: (target ?? []).map(({ id }) => id),
  actions: actions.map(nameOf),
  reenter,
  ...(description === undefined ? undefined : { description }),
})

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

/** Name of an action, guard or logic, which XState gives as a text, an object with a type, or a function. */
const nameOf = (given: unknown): string => {
  if (typeof given === "string") return given
  const type = (given as { readonly type?: unknown } | null)?.type
  if (typeof type === "string") return type
  if (typeof given === "function" && given.name !== "") return given.name
  return INLINE
}
