/**
 * The conditions of the list of sagas: as the address names them, as the route takes them, and as flags of the command.
 *
 * Owns their names. Which sagas run: api/ActorFilter.ts.
 */
import { type ActorFilter, oldSagas, runningSagas } from "../../api/ActorFilter.ts"

/** Names of the conditions in the address. */
export const SAGA_CONDITIONS = ["all", "open", "old", "stuck", "compensating"] as const

/** The condition as the route takes it. */
export const sagaFilter = (show: string, idPrefix: string | undefined, nowMs: number): ActorFilter => {
  switch (show) {
    case "stuck":
    case "compensating":
      return { idPrefix, state: show }
    case "open":
      return { idPrefix, ...runningSagas }
    case "old":
      return { idPrefix, ...oldSagas(nowMs) }
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
