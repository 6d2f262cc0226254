/**
 * The routes of one actor: commands, states, the past, and what it waits for.
 *
 * Owns the routes for any type. What the OpenAPI document says of each type: ApiDocument.ts. What the routes do:
 * ActorRoutes.ts. Which actors there are: DirectoryApi.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  about,
  commandHeaders,
  cursor,
  optionalText,
  pageSize,
  versionHeaders,
  wholeNumber,
} from "../http/CommandEndpoint.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "../http/Problem.ts"
import { actorParameters, ITEMS_PER_PAGE, JsonObject, moment, pageOf, Verb } from "./GatewayEndpoint.ts"

export const ActorDocument = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  version: Schema.Int.annotate({ description: "Number of the last event; 0 before the first" }),
  sequence: Schema.optionalKey(Schema.Int.annotate({ description: "Sequence of the last commit" })),
  at: Schema.optionalKey(moment("Time of the last event, in an answer of /at")),
  state: Schema.String.annotate({ description: "Name of the state, as in `shipping.packed`" }),
  value: Schema.Unknown.annotate({ description: "The state as XState has it" }),
  status: Schema.String.annotate({ description: "`active`, `done` or `error`" }),
  tags: Schema.Array(Schema.String),
  context: Schema.Unknown,
  output: Schema.optionalKey(Schema.Unknown),
}).annotate({ identifier: "ActorDocument" })

export const HistoryItem = Schema.Struct({
  version: Schema.Int,
  sequence: Schema.Int,
  at: moment("Time of the commit"),
  type: Schema.String,
  data: Schema.Unknown,
  commandId: Schema.String,
  user: Schema.optionalKey(Schema.String),
  correlationId: Schema.optionalKey(Schema.String),
  causationId: Schema.optionalKey(Schema.String),
  trace: Schema.optionalKey(Schema.String),
  note: Schema.optionalKey(Schema.String.annotate({ description: "Why an operator sent the command" })),
}).annotate({ identifier: "HistoryItem" })
export type HistoryItem = typeof HistoryItem.Type

export const Birth = Schema.Struct({
  sequence: Schema.Int,
  at: moment("Time of the birth"),
  input: Schema.optionalKey(Schema.Unknown),
})
export type Birth = typeof Birth.Type

const HistoryPage = Schema.Struct({
  ...pageOf(HistoryItem, "HistoryItems").fields,
  birth: Schema.optionalKey(Birth),
}).annotate({ identifier: "HistoryPage" })

export const Answered = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  version: Schema.Int,
  sequence: Schema.Int,
  reply: Schema.Unknown.annotate({ description: "Reply of the decision; null without one" }),
  duplicate: Schema.Boolean.annotate({ description: "True: the command had been applied before" }),
}).annotate({ identifier: "Answered" })

const Told = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  commandId: Schema.String.annotate({ description: "Id under which the command is applied once" }),
})
  .annotate({ identifier: "Told" })
  .pipe(HttpApiSchema.status(202))

const Spawned = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  version: Schema.Int,
  sequence: Schema.Int,
  isNew: Schema.Boolean.annotate({ description: "False: the actor was there, born with the same input" }),
}).annotate({ identifier: "Spawned" })

const PendingDocument = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  version: Schema.Int,
  sequence: Schema.Int,
  timers: Schema.Array(
    Schema.Struct({ name: Schema.String, at: moment("Time at which it fires"), event: Schema.Unknown }),
  ),
  calls: Schema.Array(
    Schema.Struct({ name: Schema.String, source: Schema.String, input: Schema.optionalKey(Schema.Unknown) }),
  ),
  requests: Schema.Array(JsonObject),
  quarantine: Schema.optionalKey(
    Schema.Struct({
      reason: Schema.String,
      sequence: Schema.Int,
      detail: Schema.String,
      hint: Schema.String,
    }),
  ),
}).annotate({ identifier: "PendingWork" })

const DryRunDocument = Schema.Struct({
  outcome: Schema.Literals(["stored", "unchanged", "refused"]),
  fromVersion: Schema.Int.annotate({ description: "Version on whose state the command was decided" }),
  version: Schema.optionalKey(Schema.Int),
  events: Schema.optionalKey(Schema.Array(JsonObject)),
  reply: Schema.optionalKey(Schema.Unknown),
  actor: Schema.optionalKey(ActorDocument.annotate({ description: "State after the command" })),
  sends: Schema.optionalKey(
    Schema.Array(JsonObject).annotate({ description: "Messages, timers, calls and integration events" }),
  ),
  isRepeat: Schema.optionalKey(Schema.Boolean),
  problem: Schema.optionalKey(JsonObject.annotate({ description: "Problem that the command would get" })),
}).annotate({ identifier: "DryRun" })

const tagged = HttpApiSchema.WithHeaders(ActorDocument, { etag: Schema.String })

const momentQuery = {
  version: Schema.optionalKey(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
  time: optionalText("RFC 3339, as in 2026-05-01T12:00:00Z"),
}

const askHeaders = {
  ...commandHeaders,
  "everstate-note": optionalText("Why an operator sends the command; stored with its events"),
  prefer: optionalText("`wait=5` waits 5 seconds for the answer; `respond-async` is `?via=tell`"),
}

export const ActorEndpoints = HttpApiGroup.make("actors")
  .add(
    HttpApiEndpoint.get("read", "/actors/:type/:id", {
      params: actorParameters,
      headers: { "if-none-match": optionalText("304 if the actor is still at this version") },
      success: tagged,
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "read")
      .annotateMerge(about("The current state of an actor", "From its owner, so it has your own writes.")),
    HttpApiEndpoint.get("history", "/actors/:type/:id/history", {
      params: actorParameters,
      query: { cursor, limit: pageSize(ITEMS_PER_PAGE) },
      success: HistoryPage,
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "read")
      .annotateMerge(about("The birth and the events of an actor, oldest first", "From the journal.")),
    HttpApiEndpoint.get("at", "/actors/:type/:id/at", {
      params: actorParameters,
      query: momentQuery,
      success: tagged,
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "read")
      .annotateMerge(about("A past state of an actor", "At a version or at a time; from the journal.")),
    HttpApiEndpoint.get("pending", "/actors/:type/:id/pending", {
      params: actorParameters,
      success: PendingDocument,
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "read")
      .annotateMerge(
        about("What an actor waits for: timers, calls, answers", "And why it is in quarantine, if it is."),
      ),
    HttpApiEndpoint.put("spawn", "/actors/:type/:id", {
      params: actorParameters,
      headers: commandHeaders,
      payload: Schema.Struct({ input: Schema.optionalKey(Schema.Unknown) }).annotate({
        identifier: "SpawnOrder",
      }),
      success: Spawned,
      error: COMMAND_PROBLEMS,
    })
      .annotate(Verb, "spawn")
      .annotateMerge(about("Have an actor born without a command", "409 if it was born with another input.")),
    HttpApiEndpoint.post("ask", "/actors/:type/:id/:command", {
      params: { ...actorParameters, command: Schema.String },
      query: {
        via: Schema.optionalKey(Schema.Literals(["ask", "tell"])),
      },
      headers: askHeaders,
      payload: [JsonObject.annotate({ identifier: "CommandPayload" }), Schema.Null],
      success: [HttpApiSchema.WithHeaders(Answered, versionHeaders), Told],
      error: COMMAND_PROBLEMS,
    })
      .annotate(Verb, "ask")
      .annotateMerge(
        about(
          "Send a command to an actor",
          "Answered when its events are durable; with `?via=tell` when the command is stored in the mailbox.",
        ),
      ),
    HttpApiEndpoint.post("dryRun", "/actors/:type/:id/:command/dry-run", {
      params: { ...actorParameters, command: Schema.String },
      query: momentQuery,
      headers: commandHeaders,
      payload: [JsonObject.annotate({ identifier: "CommandPayload" }), Schema.Null],
      success: DryRunDocument,
      error: COMMAND_PROBLEMS,
    })
      .annotate(Verb, "dryRun")
      .annotateMerge(
        about("What a command would store, send and answer", "Stores nothing. At a past moment, too."),
      ),
  )
  .annotateMerge(OpenApi.annotations({ title: "Actors" }))
