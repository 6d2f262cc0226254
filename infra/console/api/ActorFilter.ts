/**
 * Conditions of lists of actors and sagas, as the gateway takes them.
 *
 * Owns which sagas run: those that have not ended and are not stuck. A saga that has completed is not done, because its
 * parent may have it undone.
 */
import { HOUR_MS } from "./History.ts"

/** Conditions of a list of actors, as the route `/actors/{type}` takes them. */
export interface ActorFilter {
  readonly state?: string | undefined
  readonly exceptStates?: string | undefined
  readonly tag?: string | undefined
  /** Values of directory columns, as a JSON object. */
  readonly where?: string | undefined
  readonly idPrefix?: string | undefined
  readonly updatedBefore?: string | undefined
  readonly createdBefore?: string | undefined
  readonly done?: string | undefined
  readonly failed?: string | undefined
  readonly quarantined?: string | undefined
}

/** States in which a saga has ended. */
export const ENDED_STATES: ReadonlyArray<string> = ["completed", "compensated", "aborted"]

/** Sagas that run. */
export const runningSagas: ActorFilter = { exceptStates: [...ENDED_STATES, "stuck"].join(",") }

/** Sagas that have been running for more than an hour. */
export const oldSagas = (nowMs: number): ActorFilter => ({
  ...runningSagas,
  createdBefore: new Date(nowMs - HOUR_MS).toISOString(),
})
