/**
 * One run of a reactor's handler on one event: what it wants sent, or what is wrong with it.
 *
 * Owns the wait for a handler's promise, and which failures may pass. How often it is tried: ReactorRunner.ts.
 */
import { Effect } from "effect"
import type { PlacedItem } from "../commit/PlacedItem.ts"
import { EventUnreadable } from "../event/Event.ts"
import { NotJson } from "../json/Json.ts"
import { isThrown } from "../json/Thrown.ts"
import { itemsOf, NotAReaction, type Occurrence } from "./Reaction.ts"
import type { Reaction, ReactorDefinition } from "./Reactor.ts"

/** Longest time that a handler's promise may take, in milliseconds; then the attempt has failed. */
export const REACTION_TIMEOUT_MS = 30_000

/** Fails with whatever the event's upcaster or the handler threw, or with what is wrong with its reaction. */
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

/** What is wrong with an event or a reaction stays wrong; what a handler throws may pass. */
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
