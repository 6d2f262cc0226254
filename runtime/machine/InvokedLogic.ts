/**
 * Finds the logic behind an `invoke` of a machine.
 *
 * Owns how XState names logic that was written in place, and which logic is a durable call. What may be invoked:
 * ../definition/DurableMachine.ts. Who makes the calls: ../call/CallRunner.ts.
 */
import type { AnyStateMachine } from "xstate"
import { CALL, type CallLogic } from "../call/Call.ts"
import { promiseCall } from "../call/PromiseLogic.ts"
import { nodesOf } from "./StateNodes.ts"

/** Where XState keeps the logic of an `invoke` that was written in place. */
const INVOKED_IN_PLACE = /^xstate\.invoke\.(\d+)\.(.*)$/

/** The logic that an `invoke` names or holds. */
export const logicOf = (machine: AnyStateMachine, src: string): unknown => {
  const inPlace = INVOKED_IN_PLACE.exec(src)
  if (inPlace === null) return machine.implementations.actors[src as never]
  const node = nodesOf(machine.root).find(({ id }) => id === inPlace[2])
  const invoke = (node as { config?: { invoke?: unknown } } | undefined)?.config?.invoke
  const own = Array.isArray(invoke) ? invoke[Number(inPlace[1])] : invoke
  return (own as { src?: unknown } | undefined)?.src
}

/** The call of logic that `defineCall(...)` or XState's `fromPromise` made. */
export const callLogicOf = (logic: unknown): CallLogic | undefined => {
  const {
    [CALL]: made,
    config,
    transition,
  } = (logic ?? {}) as Partial<
    Record<typeof CALL, CallLogic> & { config: (args: object) => unknown; transition: PromiseTransition }
  >
  if (made !== undefined) return made
  if (typeof config !== "function" || transition === undefined) return undefined
  return isPromiseLogic(transition) ? promiseCall(config) : undefined
}

/**
 * Whether logic is promise logic: it ends with the event that its promise sends, which no other logic knows.
 */
const isPromiseLogic = (transition: PromiseTransition): boolean => {
  const resolved = { type: "xstate.promise.resolve", data: undefined }
  try {
    return transition({ status: "active" }, resolved, undefined)?.status === "done"
  } catch {
    // Other logic needs a scope for any event and throws.
    return false
  }
}

type PromiseTransition = (
  state: object,
  event: object,
  scope: undefined,
) => { readonly status?: string } | undefined
