/**
 * What a line of the log is about: an actor, a command, a correlation.
 *
 * Owns the names of these fields, by which an operator finds all lines of an actor or of a request in a log.
 */
import { Effect } from "effect"
import { addressNamed } from "../address/ActorAddress.ts"

export interface LogSubject {
  /** The actor, or its key; a key that no actor can have is left out. */
  readonly actor?: { readonly type: string; readonly id: string } | string | undefined
  /** Id of the command, message, timer, answer or call. */
  readonly commandId?: string | undefined
  /** Metadata of the command; without a correlation in it, the command's id is the correlation. */
  readonly metadata?: { readonly correlationId?: string } | undefined
}

/** A message of the mailbox to an actor, or on its way from one. */
export const messageSubject = (
  actor: LogSubject["actor"],
  message: { readonly id: string; readonly m?: LogSubject["metadata"] },
): LogSubject => ({ actor, commandId: message.id, metadata: message.m })

/** The fields `actorType`, `actorId`, `commandId` and `correlationId`, as far as they are known. */
export const fieldsOf = ({ actor, commandId, metadata }: LogSubject): Readonly<Record<string, string>> => {
  // The number of shards is of no importance for type and id.
  const named = typeof actor === "string" ? addressNamed(actor, 1) : actor
  const correlationId = metadata?.correlationId ?? commandId
  return {
    ...(named === undefined ? undefined : { actorType: named.type, actorId: named.id }),
    ...(commandId === undefined ? undefined : { commandId }),
    ...(correlationId === undefined ? undefined : { correlationId }),
  }
}

/** Gives the lines that an Effect logs the fields of their subject: `logSampled(...).pipe(about({ actor }))`. */
export const about =
  (subject: LogSubject) =>
  <A, E, R>(logging: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.annotateLogs(logging, fieldsOf(subject))
