/**
 * Handlers of the routes in WatchApi.ts.
 *
 * Owns how a change becomes a server-sent event, and where a client goes on that connects again. Who follows the
 * actor: runtime/system/Watcher.ts.
 */
import { Effect, Stream } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { AnyActor } from "../../runtime/define.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import type { Change } from "../../runtime/watch/Change.ts"
import { EventStreams, type StreamEvent } from "../http/EventStreams.ts"
import { problemOf } from "../http/Problem.ts"
import { orProblem } from "../http/ProblemResponses.ts"
import { refuseInvalid } from "../http/Refused.ts"
import { type ActorName, actorDocument, historyItem } from "./ActorDocument.ts"
import { Exposed } from "./Exposure.ts"
import { GatewayApi } from "./GatewayApi.ts"

/** The version in `Last-Event-ID`; `undefined` without the header. */
const seenVersion = (header: string | undefined) => {
  if (header === undefined || header === "") return Effect.succeed(undefined)
  return /^\d{1,15}$/.test(header)
    ? Effect.succeed(Number(header))
    : refuseInvalid(`Last-Event-ID is "${header}".`, "Send the id of an event of this stream, or none.")
}

const changeEvent =
  (name: ActorName) =>
  (change: Change): StreamEvent => ({
    name: "change",
    id: change.version,
    data: {
      ...actorDocument(name, change),
      events: change.events.map(historyItem),
      skipped: change.skipped,
    },
  })

export const WatchRoutes = HttpApiBuilder.group(
  GatewayApi,
  "watch",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const { typeNamed } = yield* Exposed
    const streams = yield* EventStreams

    const watch = Effect.fnUntraced(function* (
      { type, id }: ActorName,
      lastEventId: string | undefined,
      after: number | undefined,
    ) {
      const { actor } = yield* typeNamed(type)
      const seen = (yield* seenVersion(lastEventId)) ?? after
      const changes = system.get(actor as AnyActor, id).watch(seen === undefined ? {} : { after: seen })
      return streams.answer(Stream.map(changes, changeEvent({ type, id })), problemOf)
    })

    const events = Effect.fnUntraced(function* (
      { type, id }: ActorName,
      lastEventId: string | undefined,
      from = 1,
    ) {
      const { actor } = yield* typeNamed(type)
      const seen = yield* seenVersion(lastEventId)
      const stored = system.get(actor as AnyActor, id).events({ from: seen === undefined ? from : seen + 1 })
      const event = Stream.map(stored, (one): StreamEvent => {
        return { name: "event", id: one.version, data: historyItem(one) }
      })
      return streams.answer(event, problemOf)
    })

    return handlers.handleAll({
      watch: ({ params, headers, query }) => orProblem(watch(params, headers["last-event-id"], query.after)),
      events: ({ params, headers, query }) => orProblem(events(params, headers["last-event-id"], query.from)),
    })
  }),
)
