/**
 * Which state belongs to which family, and where that family stood with it.
 *
 * Owns that memory; it lasts as long as the state. Who fills it: MachineFamily.ts.
 */
import type { Family } from "./Family.ts"
import type { Standing } from "./FamilyStanding.ts"

export interface FamilyPlace {
  readonly family: Family
  readonly standing: Standing
}

const places = new WeakMap<object, FamilyPlace>()

/** Of states of machines with children; `undefined` for any other state. */
export const placeOf = (state: object): FamilyPlace | undefined => places.get(state)

/** Whether the state is one of a family. */
export const isFamilyState = (state: object): boolean => places.has(state)

export const setPlace = (state: object, place: FamilyPlace): void => {
  places.set(state, place)
}

/** Says that `copy` is the same state, for user code. */
export const sharePlace = (state: object, copy: object): void => {
  const place = places.get(state)
  if (place !== undefined) places.set(copy, place)
}
