/** Handler of the route in ProjectionApi.ts. What the verb means: runtime/system/ProjectionControl.ts. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
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
            by: utf8Text(headers["x-user"] ?? UNKNOWN_OPERATOR),
            note: utf8Text(headers["everstate-note"] ?? ""),
          }),
        ),
    })
  }),
)

/** Name in the log and the cluster's events if nobody knows the operator. */
const UNKNOWN_OPERATOR = "unknown"
