/**
 * States of the past that this process has folded lately, so that the next look at the same history folds only the
 * events after the nearest of them.
 *
 * Owns which states are kept: of a few actors, spread over the versions that were looked at. A kept state is only a
 * shorter way to the same result. Whether it still belongs to the journal is checked by its reader, History.ts.
 */
import type { CommitStamp } from "../commit/Commit.ts"
import type { PastState } from "./PastMoment.ts"

/** A state right after a whole commit. */
export interface KeptState {
  readonly past: PastState
  /** Journal sequence of the commit. */
  readonly sequence: number
  readonly stamp: CommitStamp
  /** Latest time of this commit and those before it, Unix milliseconds: clocks of nodes differ. */
  readonly latestAtMs: number
}

/** Actors whose states are kept. The one that was not looked at for the longest time gives way. */
const ACTORS_MAX = 4

/** States of one actor. Of more, the one goes that leaves the smallest gap. */
export const STATES_MAX = 32

export class PastStates {
  /** By key of the actor, the last one used at the end; the states by version, ascending. */
  readonly #actors = new Map<string, Array<KeptState>>()

  /** The newest kept state at or before a version or a time. */
  before(
    key: string,
    bound: { readonly version: number } | { readonly time: number },
  ): KeptState | undefined {
    return this.#actors
      .get(key)
      ?.findLast(({ past, latestAtMs }) =>
        "version" in bound ? past.version <= bound.version : latestAtMs <= bound.time,
      )
  }

  keep(key: string, kept: KeptState): void {
    const states = this.#actors.get(key) ?? []
    this.#actors.delete(key)
    this.#actors.set(key, states)
    const place = states.findLastIndex(({ past }) => past.version < kept.past.version) + 1
    const isKnown = states[place]?.past.version === kept.past.version
    states.splice(place, isKnown ? 1 : 0, kept)
    if (states.length > STATES_MAX) states.splice(leastNeeded(states, place), 1)
    const [oldest] = this.#actors.keys()
    if (this.#actors.size > ACTORS_MAX && oldest !== undefined) this.#actors.delete(oldest)
  }

  /** Forgets the states of an actor whose journal holds other commits now. */
  forget(key: string): void {
    this.#actors.delete(key)
  }
}

/** Index of the state whose neighbours are nearest to each other. The state at `added` stays. */
const leastNeeded = (states: ReadonlyArray<KeptState>, added: number): number => {
  const versionAt = (index: number) => states[index]?.past.version ?? 0
  const gapWithout = (index: number) => versionAt(index + 1) - (index === 0 ? 0 : versionAt(index - 1))
  let least = 0
  for (let index = 0; index < states.length - 1; index++) {
    if (index !== added && (least === added || gapWithout(index) < gapWithout(least))) least = index
  }
  return least
}
