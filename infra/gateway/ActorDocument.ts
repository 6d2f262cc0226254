/**
 * States, events and answers of an actor as documents.
 *
 * Owns their form. Routes: ActorRoutes.ts, WatchRoutes.ts. Values that JSON does not have: ShownValue.ts.
 */
import type { HistoryBirth } from "../../runtime/define.ts"
import type { AnyEvent } from "../../runtime/event/Event.ts"
import type { MachineState } from "../../runtime/machine/Machine.ts"
import { stateName } from "../../runtime/machine/StateName.ts"
import type { ProjectedEvent } from "../../runtime/projection/Projection.ts"
import { isoTime } from "../http/IsoTime.ts"
import type { ActorDocument, Birth, HistoryItem } from "./ActorApi.ts"
import { shown } from "./ShownValue.ts"

/** An actor, by its type and id. */
export interface ActorName {
  readonly type: string
  readonly id: string
}

interface Standing {
  readonly version: number
  readonly sequence?: number
  /** Unix milliseconds. */
  readonly at?: number
  readonly state: MachineState
}

/** A present or past state. */
export const actorDocument = (
  { type, id }: ActorName,
  { version, sequence, at, state }: Standing,
): typeof ActorDocument.Type => ({
  type,
  id,
  version,
  ...(sequence === undefined ? {} : { sequence }),
  ...(at === undefined ? {} : { at: isoTime(at) }),
  state: stateName(state.value),
  value: state.value,
  status: state.status,
  tags: [...state.tags],
  context: shown(state.context) ?? null,
  ...(state.output === undefined ? {} : { output: shown(state.output) ?? null }),
})

/** The birth of an actor. */
export const birthDocument = ({ sequence, at, input }: HistoryBirth): Birth => ({
  sequence,
  at: isoTime(at),
  ...(input === undefined ? {} : { input: shown(input) }),
})

/** An event with the metadata that it has. */
export const historyItem = (projected: ProjectedEvent<AnyEvent>): HistoryItem => {
  const { type, ...data } = projected.event
  const { user, correlationId, causationId, trace, note } = projected.metadata
  return {
    version: projected.version,
    sequence: projected.sequence,
    at: isoTime(projected.at),
    type,
    data: shown(data),
    commandId: projected.commandId,
    ...(user === undefined ? {} : { user }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(trace === undefined ? {} : { trace }),
    ...(note === undefined ? {} : { note }),
  }
}
