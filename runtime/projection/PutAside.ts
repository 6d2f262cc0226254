/**
 * Events that a projection puts aside as dead letters.
 *
 * Owns what their dead letters and the log say. ProjectionPartition.ts decides which events are put aside.
 */
import { Effect } from "effect"
import { type SkipOrder, skipReason } from "../follower/RecordSkip.ts"
import { about, type LogSubject } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { ProjectionDeadLetter, ProjectionFailed } from "./ReadModel.ts"

/** Dead letters with the name of the operator who ordered them, if one did. */
export const aside = (
  letters: ReadonlyArray<ProjectionDeadLetter>,
  order: SkipOrder | undefined,
): ReadonlyArray<ProjectionDeadLetter> =>
  order === undefined
    ? letters
    : letters.map(({ event, reason }) => ({ event, reason: skipReason(order, reason) }))

/** Logs the failure for which events of one record were put aside. */
export const logAside = (
  letters: ReadonlyArray<ProjectionDeadLetter>,
  { projection, message, sequence, detail: reason }: ProjectionFailed,
): Effect.Effect<void> =>
  logSampled(
    `projection ${projection} puts aside`,
    `Projection ${projection} puts aside what fails: ${message}`,
  ).pipe(about(subjectOf(letters)), Effect.annotateLogs({ projection, sequence, reason }))

/** Logs events that were put aside because this code cannot read them. */
export const logUnreadable = (
  projection: string,
  letters: ReadonlyArray<ProjectionDeadLetter>,
): Effect.Effect<void> =>
  Effect.forEach(
    letters,
    (letter) => {
      const { event, reason } = letter
      const { actorType, id, sequence } = event
      return logSampled(
        `projection ${projection} puts aside what it cannot read`,
        `Projection ${projection} puts aside what it cannot read: ${actorType}/${id} at journal sequence ${sequence}: ${reason}`,
      ).pipe(about(subjectOf([letter])), Effect.annotateLogs({ projection, sequence, reason }))
    },
    { discard: true },
  )

/** The actor of the record, and the command if all events are of one. */
const subjectOf = (letters: ReadonlyArray<ProjectionDeadLetter>): LogSubject => {
  const [first, ...others] = letters.map(({ event }) => event)
  if (first === undefined) return {}
  const { actorType: type, id, commandId, metadata } = first
  const isOneCommand = others.every((other) => other.commandId === commandId)
  return { actor: { type, id }, ...(isOneCommand ? { commandId, metadata } : undefined) }
}
