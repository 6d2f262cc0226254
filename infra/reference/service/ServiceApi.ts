/**
 * The API of the service: every group of routes. The OpenAPI document and the page at /docs come from it.
 *
 * Owns the composition, and which methods a path has. Orders: OrderApi.ts. Who takes part in their fulfilment:
 * ParticipantApi.ts. What operators do: OperatorApi.ts and ClusterApi.ts.
 */
import { FindMyWay } from "effect/http"
import { HttpApi, OpenApi } from "effect/http-api"
import { ClusterEndpoints } from "../../http/ClusterApi.ts"
import { DeadLetterEndpoints, SagaEndpoints } from "../../http/OperatorApi.ts"
import { OrderCommands, OrderQueries } from "./OrderApi.ts"
import { ParticipantEndpoints } from "./ParticipantApi.ts"

export const ServiceApi = HttpApi.make("orders")
  .add(OrderCommands)
  .add(OrderQueries)
  .add(ParticipantEndpoints)
  .add(SagaEndpoints)
  .add(DeadLetterEndpoints)
  .add(ClusterEndpoints)
  // A client learns of everything that is wrong with a request at once.
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Everstate orders",
      version: "1",
      description: "Orders as durable statecharts. Every error is a problem document (RFC 9457).",
    }),
  )

const METHODS = ["GET", "PUT", "POST", "DELETE"] as const

const methodsByPath = FindMyWay.make<true>()
for (const group of Object.values(ServiceApi.groups)) {
  for (const { method, path } of Object.values(group.endpoints)) methodsByPath.on(method, path, true)
}

/** Methods that the API has for the path; none where it has no such path. */
export const methodsAt = (url: string): ReadonlyArray<string> =>
  METHODS.filter((method) => methodsByPath.find(method, url) !== undefined)
