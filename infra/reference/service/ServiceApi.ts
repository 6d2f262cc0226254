/**
 * The API of the service: every group of routes. The OpenAPI document and the page at /docs are made from it.
 *
 * Owns the composition. Orders: OrderApi.ts. Participants of their fulfilment: ParticipantApi.ts. Verbs of
 * operators: SagaApi.ts, and for every service infra/http/DeadLetterApi.ts and infra/http/ClusterApi.ts.
 */
import { HttpApi, OpenApi } from "effect/http-api"
import { ClusterEndpoints } from "../../http/ClusterApi.ts"
import { DeadLetterEndpoints } from "../../http/DeadLetterApi.ts"
import { OrderCommands, OrderQueries } from "./OrderApi.ts"
import { ParticipantEndpoints } from "./ParticipantApi.ts"
import { SagaEndpoints } from "./SagaApi.ts"

export const ServiceApi = HttpApi.make("orders")
  .add(OrderCommands)
  .add(OrderQueries)
  .add(ParticipantEndpoints)
  .add(SagaEndpoints)
  .add(DeadLetterEndpoints)
  .add(ClusterEndpoints)
  // An answer lists everything that is wrong with a request.
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Everstate orders",
      version: "1",
      description: "Orders as durable statecharts. Every error is a problem document (RFC 9457).",
    }),
  )
