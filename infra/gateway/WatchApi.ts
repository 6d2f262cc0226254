/**
 * The routes that follow one actor, as server-sent events.
 *
 * Owns the routes. What they do: WatchRoutes.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { about, optionalText, wholeNumber } from "../http/CommandEndpoint.ts"
import { READ_PROBLEMS } from "../http/Problem.ts"
import { ActorDocument, HistoryItem } from "./ActorApi.ts"
import { actorParameters, Verb } from "./GatewayEndpoint.ts"

export const ChangeDocument = Schema.Struct({
  ...ActorDocument.fields,
  events: Schema.Array(HistoryItem).annotate({
    description: "Events that led here; empty for the first change",
  }),
  skipped: Schema.Int.annotate({
    description: "Versions that the client was too slow for, and does not get; 0 without a gap",
  }),
}).annotate({ identifier: "Change" })

const lastEventId = {
  "last-event-id": optionalText("Version that the client has seen: the stream goes on after it"),
}

export const WatchEndpoints = HttpApiGroup.make("watch")
  .add(
    HttpApiEndpoint.get("watch", "/actors/:type/:id/watch", {
      params: actorParameters,
      headers: lastEventId,
      query: { after: Schema.optionalKey(wholeNumber(0, Number.MAX_SAFE_INTEGER)) },
      success: HttpApiSchema.StreamSse({ data: ChangeDocument }),
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "watch")
      .annotateMerge(
        about(
          "Follow an actor: its current state, then every change",
          "Events of the name `change`; the id is the version. In order and without gaps; a client that is too slow is told that it skipped to the newest state.",
        ),
      ),
    HttpApiEndpoint.get("events", "/actors/:type/:id/events", {
      params: actorParameters,
      headers: lastEventId,
      query: { from: Schema.optionalKey(wholeNumber(1, Number.MAX_SAFE_INTEGER)) },
      success: HttpApiSchema.StreamSse({ data: HistoryItem }),
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "watch")
      .annotateMerge(
        about(
          "Follow the events of an actor: its history, then live",
          "Events of the name `event`; the id is the version.",
        ),
      ),
  )
  .annotateMerge(OpenApi.annotations({ title: "Follow" }))
