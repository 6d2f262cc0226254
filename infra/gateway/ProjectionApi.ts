/**
 * The route with which operators rebuild a projection.
 *
 * Owns the route. What it does: ProjectionRoutes.ts. How far projections are: OperationApi.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { about, operatorHeader, optionalText, pathId } from "../http/CommandEndpoint.ts"
import { COMMAND_PROBLEMS } from "../http/Problem.ts"

const RebuildDocument = Schema.Struct({
  projection: Schema.String,
  version: Schema.Int,
  untold: Schema.Array(Schema.String).annotate({
    description:
      "Members that did not answer; partitions that they run notice the rebuild by themselves, within ten minutes",
  }),
}).annotate({ identifier: "ProjectionRebuild" })

export const ProjectionEndpoints = HttpApiGroup.make("projections")
  .add(
    HttpApiEndpoint.post("rebuild", "/projections/:name/rebuild", {
      params: { name: pathId.annotate({ description: "Name of the projection" }) },
      headers: {
        ...operatorHeader,
        "everstate-note": optionalText("Reason; recorded"),
      },
      success: RebuildDocument,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(
      about(
        "Empty the tables of a projection and fill them again from the first record",
        "Answers once the tables are empty; `/projections` says how far it is. Readers see a part of the rows until it has caught up: raise the projection's version where they must not. A repeated request begins again.",
      ),
    ),
  )
  .annotateMerge(OpenApi.annotations({ title: "Projections" }))
