/**
 * The API of a gateway: every group of routes. The OpenAPI document and the page at /docs are made from it.
 *
 * Owns the composition.
 */
import { HttpApi, OpenApi } from "effect/http-api"
import { ClusterEndpoints } from "../http/ClusterApi.ts"
import { DeadLetterEndpoints } from "../http/DeadLetterApi.ts"
import { ActorEndpoints } from "./ActorApi.ts"
import { DirectoryEndpoints } from "./DirectoryApi.ts"
import { HistoryEndpoints } from "./HistoryApi.ts"
import { OperationEndpoints } from "./OperationApi.ts"
import { ProjectionEndpoints } from "./ProjectionApi.ts"
import { SagaEndpoints } from "./SagaApi.ts"
import { WatchEndpoints } from "./WatchApi.ts"

export const GatewayApi = HttpApi.make("gateway")
  .add(DirectoryEndpoints)
  .add(ActorEndpoints)
  .add(WatchEndpoints)
  .add(SagaEndpoints)
  .add(OperationEndpoints)
  .add(ProjectionEndpoints)
  .add(DeadLetterEndpoints)
  .add(ClusterEndpoints)
  .add(HistoryEndpoints)
  // An answer lists everything that is wrong with a request.
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Everstate gateway",
      version: "1",
      description: "Actors as durable statecharts. Every error is a problem document (RFC 9457).",
    }),
  )
