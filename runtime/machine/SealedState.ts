/**
 * The state that leaves the runtime. Changes to it do not change the actor.
 *
 * Owns how an XState snapshot is frozen ({@link sealed}), which copy user code gets ({@link given}), and
 * which states cannot be stored ({@link unstorable}).
 */
import type { AnyMachineSnapshot, AnyStateNode } from "xstate"
import { frozen, handedOut, isUnproven } from "../json/Frozen.ts"
import { encodeValue, NotStorable } from "../json/StoredValue.ts"
import { withRefs } from "./ActorRefs.ts"
import type { Family } from "./Family.ts"
import { placeOf, sharePlace } from "./FamilyPlace.ts"
import { pictured } from "./FamilyView.ts"
import { isLiveActor } from "./LiveActor.ts"

/**
 * Freezes a new snapshot of XState, because `decide`, callers and actors that start from the same initial
 * context hold the same objects. State nodes stay as they are: they belong to the machine, and XState fills
 * in parts of them later.
 */
export const sealed = (state: AnyMachineSnapshot): AnyMachineSnapshot => {
  if (Object.isFrozen(state)) return state
  frozen(state.context)
  frozen(state.value)
  frozen(state.output)
  frozen(state.error)
  Object.freeze(state.children)
  sortStates(state)
  Object.freeze(state._nodes)
  Object.freeze(state.historyValue)
  for (const id in state.historyValue) Object.freeze(state.historyValue[id])
  // If only a child has changed, the state is a copy and shares its tags with the state before.
  if (!Object.isFrozen(state.tags)) {
    ;(state as { tags: object }).tags = state.tags.size === 0 ? NO_TAGS : unchangeable(state.tags)
  }
  return Object.freeze(state)
}

/**
 * Sorts the states by their place in the chart. XState leaves them in the order in which they were entered,
 * which a snapshot does not keep, and history states and the order of regions in a value follow it.
 */
const sortStates = (state: AnyMachineSnapshot): void => {
  const nodes = state._nodes as ReadonlyArray<AnyStateNode>
  // A list that is frozen was sorted before.
  if (Object.isFrozen(nodes) || areSorted(nodes)) return
  const sorted = nodes.toSorted((left, right) => left.order - right.order)
  const tags = new Set(sorted.flatMap((node) => node.tags))
  Object.assign(state, { _nodes: sorted, tags })
}

const areSorted = (nodes: ReadonlyArray<AnyStateNode>): boolean => {
  let last = -1
  for (const { order } of nodes) {
    if (order < last) return false
    last = order
  }
  return true
}

/** The snapshot for user code: parts of its context and output that cannot be frozen are copied. */
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
 * The snapshot for a transition: parts of its context that cannot be frozen are copied. So an assign that
 * changes a map in place changes only the new state.
 */
export const forTransition = (state: AnyMachineSnapshot): AnyMachineSnapshot => {
  const context = handedOut(state.context)
  return context === state.context ? state : ({ ...state, context } as AnyMachineSnapshot)
}

/**
 * The first part of a {@link sealed} state without a stored form, with its path; `undefined` if every part
 * has one.
 */
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
 * Throws {@link NotStorable} if the change from `before` to `after` added a part without a stored form. Parts
 * that were there before are left alone: actors of earlier releases may have them, and go on without
 * snapshots.
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
