/**
 * The routes of what operators look at besides actors: projections and reactors, and the log of operations.
 *
 * Owns the routes. What they do: OperationHandlers.ts. Dead letters and the cluster: infra/http.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { about, pageSize, wholeNumber } from "../http/CommandEndpoint.ts"
import { READ_PROBLEMS } from "../http/Problem.ts"
import { ITEMS_PER_PAGE, moment, pageOf } from "./GatewayEndpoint.ts"

const followerFields = {
  name: Schema.String,
  state: Schema.String.annotate({
    description: "On the node that answers; `elsewhere` if none of its partitions runs there",
  }),
  lag: Schema.Int.annotate({ description: "Journal records that it is behind, on whichever node it runs" }),
  lastError: Schema.optionalKey(Schema.String),
  owners: Schema.Array(
    Schema.Struct({
      slot: Schema.String,
      member: Schema.optionalKey(Schema.String.annotate({ description: "Id of the member that runs it" })),
      stopped: Schema.optionalKey(Schema.Struct({ sequence: Schema.Int, reason: Schema.String })),
    }),
  ).annotate({ description: "Partitions with their owners; names for the verb `skip` of /cluster/slots" }),
}

const ProjectionDocument = Schema.Struct({
  ...followerFields,
  version: Schema.Int,
  offset: Schema.Int.annotate({ description: "Sequence up to which everything is in the tables" }),
  deadLetters: Schema.Int,
}).annotate({ identifier: "ProjectionDocument" })

const ReactorDocument = Schema.Struct({
  ...followerFields,
  position: Schema.Int.annotate({ description: "Sequence up to which everything is handled and sent" }),
}).annotate({ identifier: "ReactorDocument" })

const OperationDocument = Schema.Struct({
  number: Schema.Int,
  at: moment("Time of the operation"),
  by: Schema.NullOr(Schema.String),
  verb: Schema.String,
  target: Schema.String,
  note: Schema.String,
  outcome: Schema.NullOr(Schema.String).annotate({
    description: "`done`, or why it failed; null while it runs, or if its process went down",
  }),
}).annotate({ identifier: "Operation" })

export const OperationEndpoints = HttpApiGroup.make("operations")
  .add(
    HttpApiEndpoint.get("operations", "/operations", {
      query: {
        cursor: Schema.optionalKey(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
        limit: pageSize(ITEMS_PER_PAGE),
      },
      success: pageOf(OperationDocument, "OperationPage"),
      error: READ_PROBLEMS,
    }).annotateMerge(
      about(
        "What operators did, newest first",
        "With who, when and why. Commands of actors and sagas are in their history.",
      ),
    ),
    HttpApiEndpoint.get("projections", "/projections", {
      success: pageOf(ProjectionDocument, "ProjectionPage"),
      error: READ_PROBLEMS,
    }).annotateMerge(about("Projections: how far they are, and who runs them")),
    HttpApiEndpoint.get("reactors", "/reactors", {
      success: pageOf(ReactorDocument, "ReactorPage"),
      error: READ_PROBLEMS,
    }).annotateMerge(about("Reactors: how far they are, and who runs them")),
  )
  .annotateMerge(OpenApi.annotations({ title: "Operations" }))
