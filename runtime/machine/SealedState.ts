/**
 * The state that leaves the runtime: nothing that is done to it changes the actor.
 *
 * Owns how an XState snapshot is frozen ({@link sealed}) and what user code is given of one ({@link given}).
 */
import type { AnyMachineSnapshot } from "xstate"
import { frozen, handedOut } from "../json/Frozen.ts"

/**
 * The snapshot, fresh from XState, frozen: `decide`, callers and actors that start from the same initial context all
 * hold the same objects. State nodes are the machine's own; XState fills in parts of them later, so they stay as they are.
 */
export const sealed = (state: AnyMachineSnapshot): AnyMachineSnapshot => {
  if (Object.isFrozen(state)) return state
  frozen(state.context)
  frozen(state.value)
  frozen(state.output)
  Object.freeze(state.children)
  Object.freeze(state._nodes)
  Object.freeze(state.historyValue)
  for (const id in state.historyValue) Object.freeze(state.historyValue[id])
  ;(state as { tags: object }).tags = state.tags.size === 0 ? NO_TAGS : unchangeable(state.tags)
  return Object.freeze(state)
}

/** The snapshot for user code: with copies of what in its context and output cannot be frozen. */
export const given = (state: AnyMachineSnapshot): AnyMachineSnapshot => {
  const context = handedOut(state.context)
  const output = handedOut(state.output)
  return context === state.context && output === state.output
    ? state
    : Object.freeze({ ...state, context, output })
}

const refuseChange = (): never => {
  throw new TypeError("The tags of a state cannot be changed.")
}

const unchangeable = (tags: Set<string>): Set<string> =>
  Object.freeze(Object.assign(tags, { add: refuseChange, delete: refuseChange, clear: refuseChange }))

const NO_TAGS = unchangeable(new Set())
