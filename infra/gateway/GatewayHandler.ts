/**
 * The routes of a gateway as one fetch handler, built on Effect's HTTP API.
 *
 * Owns the composition of the routes, and how they end. What happens to a request before: Gateway.ts.
 */
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { OperationLogService } from "../../runtime/operation/OperationLog.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { type MethodsAt, methodsOf } from "../http/ApiMethods.ts"
import { clusterHandlers } from "../http/ClusterRoutes.ts"
import { deadLetterHandlers } from "../http/DeadLetterRoutes.ts"
import { Departure } from "../http/Departure.ts"
import { layerOperationRoutes } from "../http/OperationRoutes.ts"
import { layerProblemResponses } from "../http/ProblemResponses.ts"
import { requestMetrics } from "../telemetry/RequestMetrics.ts"
import { ActorRoutes } from "./ActorRoutes.ts"
import { DirectoryRoutes } from "./DirectoryRoutes.ts"
import { Exposed, type Exposure } from "./Exposure.ts"
import { GatewayApi } from "./GatewayApi.ts"
import { OperationHandlers } from "./OperationHandlers.ts"
import { PATH_PARAMETER_LENGTH_MAX, type PlainRoute, RouteTable } from "./RouteTable.ts"
import { SagaRoutes } from "./SagaRoutes.ts"

/** Routes that are no endpoints of the API. */
const PLAIN_ROUTES: ReadonlyArray<PlainRoute> = [
  { method: "GET", path: "/healthz", verb: "open" },
  { method: "GET", path: "/readyz", verb: "open" },
  { method: "GET", path: "/metrics", verb: "inspect" },
  { method: "GET", path: "/openapi.json", verb: "describe" },
]

interface HandlerOptions {
  readonly service: ActorSystemService
  /** Context of the system's Effects: loggers and references. */
  readonly context: Context.Context<never> | undefined
  readonly exposure: Exposure
  readonly basePath: string
}

/** The routes, and what Gateway.ts asks about them. */
export interface GatewayHandler {
  readonly routes: RouteTable
  readonly methodsAt: MethodsAt
  /** Answers a request that has passed all checks. */
  readonly fetch: (request: Request) => Promise<Response>
  /** The log of operations, and how it is written. */
  readonly record: {
    readonly log: OperationLogService
    readonly run: <A>(effect: Effect.Effect<A>) => Promise<A>
  }
  readonly logDefect: (what: string, cause: unknown) => void
  /** Ends endless answers. */
  readonly endStreams: () => Promise<void>
  readonly dispose: () => Promise<void>
}

export const gatewayHandler = ({ service, context, exposure }: HandlerOptions): GatewayHandler => {
  const base = context ?? Context.empty()
  const methodsAt = methodsOf(GatewayApi)
  const departure = Effect.runSync(Departure.make)
  const routes = Layer.mergeAll(
    HttpApiBuilder.layer(GatewayApi, { openapiPath: "/openapi.json" }).pipe(
      Layer.provide([
        DirectoryRoutes,
        ActorRoutes,
        SagaRoutes,
        OperationHandlers,
        HttpApiBuilder.group(GatewayApi, "deadLetters", deadLetterHandlers),
        HttpApiBuilder.group(GatewayApi, "cluster", clusterHandlers),
      ]),
    ),
    layerOperationRoutes(Effect.void),
    layerProblemResponses({ metrics: requestMetrics, guard: () => undefined, methodsAt }),
  )
  const services = Layer.mergeAll(
    Layer.succeed(ActorSystem, service),
    Layer.succeed(Exposed, Exposed.make(exposure)),
    Layer.succeed(Departure, departure),
    HttpServer.layerServices,
    Layer.succeedContext(base),
  )
  const { handler, dispose } = HttpRouter.toWebHandler(Layer.provideMerge(routes, services), {
    disableLogger: true,
    routerConfig: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
  })
  return {
    routes: new RouteTable(GatewayApi, PLAIN_ROUTES, exposure),
    methodsAt,
    fetch: (request) => handler(request),
    record: { log: service.operations, run: (effect) => Effect.runPromiseWith(base)(effect) },
    logDefect: (what, cause) => void Effect.runForkWith(base)(Effect.logError(what, cause)),
    endStreams: () => Effect.runPromise(Effect.asVoid(departure.begins.open)),
    dispose,
  }
}
