/**
 * The conditions of the list of sagas: as the address names them, as the route takes them, and as flags of the command.
 *
 * Owns which sagas run: those that have not ended and are not stuck. A saga that has completed is not done, because its
 * parent may have it undone.
 */
import type { ActorFilter } from "../../api/ActorFilter.ts"

/** Names of the conditions in the address. */
export const SAGA_CONDITIONS = ["all", "open", "old", "stuck", "compensating"] as const

/** States in which a saga has ended. */
export const ENDED_STATES: ReadonlyArray<string> = ["completed", "compensated", "aborted"]

const NOT_RUNNING = [...ENDED_STATES, "stuck"].join(",")

const HOUR_MS = 3_600_000

/** The condition as the route takes it. */
export const sagaFilter = (show: string, idPrefix: string | undefined, nowMs: number): ActorFilter => {
  switch (show) {
    case "stuck":
    case "compensating":
      return { idPrefix, state: show }
    case "open":
      return { idPrefix, exceptStates: NOT_RUNNING }
    case "old":
      return { idPrefix, exceptStates: NOT_RUNNING, createdBefore: new Date(nowMs - HOUR_MS).toISOString() }
    default:
      return { idPrefix }
  }
}

/** The words of the command that lists the same sagas. */
export const sagaListCommand = (
  show: string,
  type: string | undefined,
  id: string | undefined,
): ReadonlyArray<string> => {
  const { state, exceptStates, createdBefore } = sagaFilter(show, id, 0)
  return [
    "sagas",
    "list",
    ...(type === undefined ? [] : [type]),
    ...(id === undefined ? [] : ["--prefix", id]),
    ...(state === undefined ? [] : ["--state", state]),
    ...(exceptStates === undefined ? [] : ["--except", exceptStates]),
    ...(createdBefore === undefined ? [] : ["--older", "1h"]),
  ]
}
