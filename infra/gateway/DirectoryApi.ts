/**
 * The routes that say what there is: types with their charts, and actors by state.
 *
 * Owns the routes. What they do: DirectoryRoutes.ts. One actor: ActorApi.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import {
  TRANSITION_MINUTES_DEFAULT,
  TRANSITION_MINUTES_MAX,
} from "../../runtime/directory/TransitionCounts.ts"
import { about, cursor, optionalText, pageSize, pathId, wholeNumber } from "../http/CommandEndpoint.ts"
import { READ_PROBLEMS } from "../http/Problem.ts"
import { ITEMS_PER_PAGE, JsonObject, moment, pageOf, typeParameter, Verb } from "./GatewayEndpoint.ts"

const JsonSchema = Schema.NullOr(JsonObject).annotate({
  description: "JSON Schema, or null if the schema cannot be expressed as one",
})

const CommandOfType = Schema.Struct({
  name: Schema.String,
  payload: JsonSchema,
  reply: JsonSchema,
  rejections: Schema.Record(Schema.String, JsonSchema).annotate({
    description: "Schemas of the facts of each documented reason",
  }),
}).annotate({ identifier: "CommandOfType" })

const EventOfType = Schema.Struct({
  name: Schema.String,
  version: Schema.Int,
  upcastVersions: Schema.Array(Schema.Int),
  payload: JsonSchema,
}).annotate({ identifier: "EventOfType" })

const Transition = Schema.Struct({
  from: Schema.String,
  event: Schema.String,
  to: Schema.String,
  count: Schema.Int,
})

const Uncounted = Schema.Int.annotate({ description: "Transitions that happened and are not listed" })

export const TypeDocument = Schema.Struct({
  type: Schema.String,
  kind: Schema.Literals(["actor", "saga"]),
  chart: JsonObject.annotate({ description: "The root state of the machine, with its states nested" }),
  commands: Schema.Array(CommandOfType),
  events: Schema.Array(EventOfType),
  input: JsonSchema,
  warnings: Schema.Array(Schema.String),
  counts: Schema.optionalKey(
    Schema.Struct({
      total: Schema.Int,
      byState: Schema.Record(Schema.String, Schema.Int),
      unknown: Schema.Int.annotate({ description: "Actors whose state is not known yet" }),
    }),
  ),
  transitions: Schema.optionalKey(
    Schema.Struct({
      since: moment("Begin of the count"),
      items: Schema.Array(Transition),
      uncounted: Uncounted,
    }),
  ).annotate({
    description: `How often each transition happened in the last ${TRANSITION_MINUTES_DEFAULT} minutes, over all nodes, most frequent first`,
  }),
}).annotate({ identifier: "TypeDocument" })

export const ListedActor = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  state: Schema.optionalKey(
    Schema.String.annotate({ description: "Name of the state; absent until it is known" }),
  ),
  done: Schema.Boolean,
  failed: Schema.Boolean,
  version: Schema.Int,
  sequence: Schema.Int,
  createdAt: moment("Time of the first commit"),
  updatedAt: moment("Time of the last commit"),
  columns: Schema.optionalKey(
    Schema.Record(
      Schema.String,
      Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])),
    ).annotate({ description: "Columns that the definition gives to the directory" }),
  ),
  quarantine: Schema.optionalKey(
    Schema.Struct({
      reason: Schema.String,
      sequence: Schema.Int,
      detail: Schema.String,
      hint: Schema.String,
    }),
  ),
}).annotate({ identifier: "ListedActor" })

const CorrelatedCommand = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  commandId: Schema.String.annotate({ description: "Id of the command, message, timer, answer or call" }),
  causationId: Schema.optionalKey(Schema.String.annotate({ description: "Id of what caused it" })),
  user: Schema.optionalKey(Schema.String),
  trace: Schema.optionalKey(Schema.String),
  sequence: Schema.Int,
  versions: Schema.optionalKey(Schema.Struct({ first: Schema.Int, last: Schema.Int })),
  events: Schema.Array(Schema.String),
  at: moment("Time of the commit"),
}).annotate({ identifier: "CorrelatedCommand" })

const Transitions = Schema.Struct({
  spanMs: Schema.Int.annotate({ description: "Length of a span, in milliseconds" }),
  since: moment("Begin of the first span"),
  items: Schema.Array(
    Schema.Struct({
      ...Transition.fields,
      counts: Schema.Array(Schema.Int).annotate({ description: "Count in each span, the oldest first" }),
    }),
  ),
  uncounted: Uncounted,
}).annotate({ identifier: "Transitions" })

const flag = (description: string) =>
  Schema.optionalKey(Schema.Literals(["true", "false"]).annotate({ description }))

const countsFlag = flag(
  "With the number of actors in each state, and how often each transition happened lately",
)

/** Conditions of a list of actors or sagas. */
export const listQuery = {
  state: optionalText("Only actors in this state, or in a state inside of it: `placed`, `shipping.packed`"),
  exceptStates: optionalText("Only actors in none of these states, with commas between: `completed,stuck`"),
  tag: optionalText("Only actors in a state with this tag"),
  where: optionalText(
    'Only actors whose columns have these values, as a JSON object: `{"customerId":"c-1","paid":true}`',
  ),
  idPrefix: optionalText("Only actors whose id begins with this text"),
  updatedBefore: optionalText("Only actors whose last commit is older than this time, RFC 3339"),
  createdBefore: optionalText("Only actors whose first commit is older than this time, RFC 3339"),
  done: flag("Only actors that are done, or that are not"),
  failed: flag("Only actors that ended in an error, or that did not"),
  quarantined: flag("Only actors that are in quarantine now, or that are not"),
  cursor,
  limit: pageSize(ITEMS_PER_PAGE),
}

export const DirectoryEndpoints = HttpApiGroup.make("directory")
  .add(
    HttpApiEndpoint.get("types", "/types", {
      query: { counts: countsFlag },
      success: pageOf(TypeDocument, "TypePage"),
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "describe")
      .annotateMerge(about("All types, with their charts", "Actor types and saga types.")),
    HttpApiEndpoint.get("type", "/types/:type", {
      params: typeParameter,
      query: { counts: countsFlag },
      success: TypeDocument,
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "describe")
      .annotateMerge(about("One type, with its chart")),
    HttpApiEndpoint.get("list", "/actors/:type", {
      params: typeParameter,
      query: listQuery,
      success: pageOf(ListedActor, "ActorPage"),
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "list")
      .annotateMerge(about("The actors of a type, by id", "From the directory, which follows the journal.")),
    HttpApiEndpoint.get("transitions", "/types/:type/transitions", {
      params: typeParameter,
      query: { minutes: Schema.optionalKey(wholeNumber(1, TRANSITION_MINUTES_MAX)) },
      success: Transitions,
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "describe")
      .annotateMerge(
        about(
          "How often each transition happened lately, over all nodes",
          "In memory: a node counts from its start.",
        ),
      ),
    HttpApiEndpoint.get("correlation", "/correlations/:id", {
      params: { id: pathId },
      query: { cursor, limit: pageSize(ITEMS_PER_PAGE) },
      success: pageOf(CorrelatedCommand, "CorrelationPage"),
      error: READ_PROBLEMS,
    }).annotateMerge(
      about(
        "What one request has caused: commits of all actors, in the order of the journal",
        "By the correlation id of the request, or the id of its first command.",
      ),
    ),
  )
  .annotateMerge(OpenApi.annotations({ title: "Directory" }))
