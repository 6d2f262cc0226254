/**
 * Which state belongs to which family, and the family's standing in that state.
 *
 * Owns that memory, which lasts as long as the state. Who fills it: MachineFamily.ts.
 */
import type { Family } from "./Family.ts"
import type { Standing } from "./FamilyStanding.ts"

export interface FamilyPlace {
  readonly family: Family
  readonly standing: Standing
}

const places = new WeakMap<object, FamilyPlace>()

/** Family and standing of a state; `undefined` for a state of a machine without children. */
export const placeOf = (state: object): FamilyPlace | undefined => places.get(state)

/** Whether the state is one of a family. */
export const isFamilyState = (state: object): boolean => places.has(state)

export const setPlace = (state: object, place: FamilyPlace): void => {
  places.set(state, place)
}

/** Makes `copy`, which is for user code, count as the same state. */
export const sharePlace = (state: object, copy: object): void => {
  const place = places.get(state)
  if (place !== undefined) places.set(copy, place)
}
