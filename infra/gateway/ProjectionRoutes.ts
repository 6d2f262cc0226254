/** Handler of the route in ProjectionApi.ts. What the verb means: runtime/system/ProjectionControl.ts. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { signerOf } from "../http/Caller.ts"
import { utf8Text } from "../http/HeaderText.ts"
import { orProblem } from "../http/ProblemResponses.ts"
import { GatewayApi } from "./GatewayApi.ts"

export const ProjectionRoutes = HttpApiBuilder.group(
  GatewayApi,
  "projections",
  Effect.fnUntraced(function* (handlers) {
    const { projections } = yield* ActorSystem
    return handlers.handleAll({
      rebuild: ({ params, headers }) =>
        orProblem(
          projections.rebuild(params.name, {
            by: signerOf(headers),
            note: utf8Text(headers["everstate-note"] ?? ""),
          }),
        ),
    })
  }),
)
