/**
 * One run of a reactor's handler on one event: its reaction, or its error.
 *
 * Owns the wait for a handler's promise, and which failures may pass. Reacting.ts repeats attempts.
 */
import { Effect } from "effect"
import type { PlacedItem } from "../commit/PlacedItem.ts"
import { EventUnreadable } from "../event/Event.ts"
import { NotJson } from "../json/Json.ts"
import { isThrown } from "../json/Thrown.ts"
import { itemsOf, NotAReaction, type Occurrence } from "./Reaction.ts"
import type { Reaction, ReactorDefinition } from "./Reactor.ts"

/** Longest time that a handler's promise may take, in milliseconds. After it the attempt has failed. */
export const REACTION_TIMEOUT_MS = 30_000

/**
 * Fails with the error of the event's upcaster or of the handler, or with the reason why the reaction is
 * invalid.
 */
export const attempt = (
  reactor: ReactorDefinition,
  occurrence: Occurrence,
): Effect.Effect<ReadonlyArray<PlacedItem>, unknown> => {
  const { event: _, ...meta } = occurrence.stored
  const items = (reaction: Reaction) => tried(() => itemsOf(reactor, occurrence, reaction))
  return tried(() => {
    const event = occurrence.read()
    return reactor.on.get(event.type)?.(event, meta)
  }).pipe(
    Effect.flatMap((reaction) =>
      reaction instanceof Promise ? Effect.flatMap(awaited(reaction), items) : items(reaction),
    ),
  )
}

/** Whether a retry may help. An invalid event or reaction stays invalid; an error of a handler may pass. */
export const mayPass = (cause: unknown): boolean =>
  !(isThrown(cause, NotAReaction) || isThrown(cause, NotJson) || isThrown(cause, EventUnreadable))

const tried = <A>(run: () => A): Effect.Effect<A, unknown> =>
  Effect.try({ try: run, catch: (cause) => cause })

const awaited = (reaction: Promise<Reaction>): Effect.Effect<Reaction, unknown> =>
  Effect.tryPromise({ try: () => reaction, catch: (cause) => cause }).pipe(
    Effect.timeoutOrElse({
      duration: REACTION_TIMEOUT_MS,
      orElse: () => Effect.fail(new Error(`the handler took longer than ${REACTION_TIMEOUT_MS} ms`)),
    }),
  )
