/**
 * The order service: the system, its read side and its HTTP server.
 *
 * Owns their order. A start opens journal and database first, then the port. A stop runs backwards: first the
 * server (HttpService.ts), then the system drains, then connections close.
 */
import { Effect, Layer } from "effect"
import type { HttpServer, HttpServerError } from "effect/http"
import { HttpApiBuilder, HttpApiSwagger } from "effect/http-api"
import type { NodeOptions } from "../../effect.ts"
import { methodsOf } from "../../http/ApiMethods.ts"
import { layerCatalogRoutes } from "../../http/CatalogRoutes.ts"
import { clusterHandlers } from "../../http/ClusterRoutes.ts"
import { deadLetterHandlers } from "../../http/DeadLetterRoutes.ts"
import { layerOperationRoutes } from "../../http/OperationRoutes.ts"
import { layerProblemResponses } from "../../http/ProblemResponses.ts"
import { requestGuard } from "../../http/RequestGuard.ts"
import { PostgresPool } from "../../postgres/PostgresPool.ts"
import { layer as layerSystem, type StartError } from "../../system/ActorSystem.ts"
import { requestMetrics } from "../../telemetry/RequestMetrics.ts"
import { MailerFolder } from "../mail/MailerFolder.ts"
import { PaymentProviderHttp } from "../payments/PaymentProviderHttp.ts"
import { layerConsoleRoutes } from "./ConsoleRoutes.ts"
import { type Flow, Hosted, hosted, namespaceOf } from "./Hosted.ts"
import { type HttpAddress, layerHttpService } from "./HttpService.ts"
import { OrderCommandRoutes } from "./OrderCommandRoutes.ts"
import { OrderQueryRoutes } from "./OrderQueryRoutes.ts"
import { OrderReads } from "./OrderReads.ts"
import { ParticipantRoutes } from "./ParticipantRoutes.ts"
import { SagaRoutes } from "./SagaRoutes.ts"
import { ServiceApi } from "./ServiceApi.ts"

/** Connections of the Query API, besides those of the system. */
const QUERY_CONNECTIONS_MAX = 6

export interface OrderServiceOptions extends HttpAddress {
  readonly nats: string
  readonly postgres: string
  /** Address of the payment provider. */
  readonly provider: string
  /** Folder into which mails are written. */
  readonly mailFolder: string
  readonly flow: Flow
  /** How this process takes part in the cluster. */
  readonly node?: NodeOptions
  /** This start prepares the namespace: see `StartOptions`. */
  readonly isPreparation?: boolean
  /** Further host names that the service answers to: infra/http/RequestGuard.ts. */
  readonly allowedHosts?: ReadonlyArray<string>
  /** Serves the console, whose files must have been built. Default: false. */
  readonly hasConsole?: boolean
}

/** The running service. The service `HttpServer` has its address. */
export const layerOrderService = (
  options: OrderServiceOptions,
): Layer.Layer<HttpServer.HttpServer, StartError | HttpServerError.ServeError> => {
  const { nats, postgres, flow, node, port, host, allowedHosts = [], hasConsole = false } = options
  const namespace = namespaceOf(flow)
  const domain = hosted({
    flow,
    provider: new PaymentProviderHttp(options.provider),
    mailer: new MailerFolder(options.mailFolder),
  })
  const system = layerSystem({
    nats,
    postgres,
    namespace,
    ...(node === undefined ? {} : { node }),
    isPreparation: options.isPreparation ?? false,
    ...domain.definitions,
  })
  const reads = OrderReads.layer(namespace).pipe(
    Layer.provide(
      PostgresPool.layer({
        url: postgres,
        applicationName: "everstate queries",
        connectionCountMax: QUERY_CONNECTIONS_MAX,
      }),
    ),
  )
  const routes = Layer.mergeAll(
    HttpApiBuilder.layer(ServiceApi, { openapiPath: "/openapi.json" }).pipe(
      Layer.provide([
        OrderCommandRoutes,
        OrderQueryRoutes,
        ParticipantRoutes,
        SagaRoutes,
        HttpApiBuilder.group(ServiceApi, "deadLetters", deadLetterHandlers),
        HttpApiBuilder.group(ServiceApi, "cluster", clusterHandlers),
      ]),
    ),
    // Swagger UI, not Scalar, because its package is complete and loads nothing from the network.
    HttpApiSwagger.layer(ServiceApi, { path: "/docs" }),
    hasConsole ? layerConsoleRoutes : Layer.empty,
    layerOperationRoutes,
    layerCatalogRoutes(Effect.map(Hosted, ({ catalog }) => catalog)),
    layerProblemResponses({
      metrics: requestMetrics,
      guard: requestGuard([host, ...allowedHosts]),
      methodsAt: methodsOf(ServiceApi),
    }),
  )
  return layerHttpService(routes, { port, host }).pipe(
    Layer.provide(Layer.mergeAll(system, reads, domain.layer)),
  )
}
