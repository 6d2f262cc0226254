/**
 * The state that leaves the runtime: nothing that is done to it changes the actor.
 *
 * Owns how an XState snapshot is frozen ({@link sealed}), what user code is given of one ({@link given}), and which states
 * cannot be stored ({@link unstorable}).
 */
import type { AnyMachineSnapshot } from "xstate"
import { frozen, handedOut, isUnproven } from "../json/Frozen.ts"
import { encodeValue, NotStorable } from "../json/StoredValue.ts"
import { withRefs } from "./ActorRefs.ts"
import type { Family } from "./Family.ts"
import { placeOf, sharePlace } from "./FamilyPlace.ts"
import { pictured } from "./FamilyView.ts"
import { isLiveActor } from "./LiveActor.ts"

/**
 * The snapshot, fresh from XState, frozen: `decide`, callers and actors that start from the same initial context all
 * hold the same objects. State nodes are the machine's own; XState fills in parts of them later, so they stay as they are.
 */
export const sealed = (state: AnyMachineSnapshot): AnyMachineSnapshot => {
  if (Object.isFrozen(state)) return state
  frozen(state.context)
  frozen(state.value)
  frozen(state.output)
  frozen(state.error)
  Object.freeze(state.children)
  Object.freeze(state._nodes)
  Object.freeze(state.historyValue)
  for (const id in state.historyValue) Object.freeze(state.historyValue[id])
  // Where only a child has moved, the state is a copy that has the tags of the one before.
  if (!Object.isFrozen(state.tags)) {
    ;(state as { tags: object }).tags = state.tags.size === 0 ? NO_TAGS : unchangeable(state.tags)
  }
  return Object.freeze(state)
}

/** The snapshot for user code: with copies of what in its context and output cannot be frozen. */
export const given = (sealedState: AnyMachineSnapshot): AnyMachineSnapshot => {
  const state = pictured(sealedState)
  const context = handedOut(state.context)
  const output = handedOut(state.output)
  const error = handedOut(state.error)
  if (context === state.context && output === state.output && error === state.error) return state
  const copy = Object.freeze({ ...state, context, output, error } as AnyMachineSnapshot)
  sharePlace(state, copy)
  return copy
}

/**
 * The snapshot for a transition: with copies of what in its context cannot be frozen. An assign that changes a map in place
 * then changes the new state alone.
 */
export const forTransition = (state: AnyMachineSnapshot): AnyMachineSnapshot => {
  const context = handedOut(state.context)
  return context === state.context ? state : ({ ...state, context } as AnyMachineSnapshot)
}

/** What of a {@link sealed} state has no stored form, with its path; `undefined` where all of it has one. */
export const unstorable = (state: AnyMachineSnapshot): NotStorable | undefined => {
  const place = placeOf(state)
  if (place === undefined) {
    return unstorablePart(state.context, "context") ?? unstorablePart(state.output, "output")
  }
  const { family, standing } = place
  for (const [actor, snapshot] of standing.snapshots) {
    const { address } = family.memberOf(actor) ?? { address: "" }
    const path = address === "" ? "" : `children[${JSON.stringify(address)}].`
    for (const part of ["context", "output", "input"] as const) {
      const value = (snapshot as unknown as Readonly<Record<string, unknown>>)[part]
      if (!isUnproven(value)) continue
      const found = unstorablePart(frozen(withoutRefs(family, value)), path + part)
      if (found !== undefined) return found
    }
  }
  return undefined
}

const withoutRefs = (family: Family, value: unknown): unknown =>
  withRefs(value, (part) => (isLiveActor(part) && family.memberOf(part) !== undefined ? null : undefined))

const unstorablePart = (part: unknown, name: string): NotStorable | undefined => {
  if (!isUnproven(part)) return undefined
  try {
    encodeValue(part, name)
    return undefined
  } catch (cause) {
    if (cause instanceof NotStorable) return cause
    throw cause
  }
}

/**
 * Throws {@link NotStorable} where the way from `before` to `after` has put something into the state that has no stored
 * form. What is there already is left alone: actors of earlier releases may have it, and go on without snapshots.
 */
export const requireStorable = (before: AnyMachineSnapshot, after: AnyMachineSnapshot): void => {
  const found = unstorable(after)
  if (found !== undefined && unstorable(before) === undefined) throw found
}

const refuseChange = (): never => {
  throw new TypeError("The tags of a state cannot be changed.")
}

const unchangeable = (tags: Set<string>): Set<string> =>
  Object.freeze(Object.assign(tags, { add: refuseChange, delete: refuseChange, clear: refuseChange }))

const NO_TAGS = unchangeable(new Set())
