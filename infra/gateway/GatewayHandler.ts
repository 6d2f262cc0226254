/**
 * The routes of a gateway as one fetch handler, built on Effect's HTTP API.
 *
 * Owns the composition of the routes, and how they end. What happens to a request before: Gateway.ts.
 */
import { Context, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { JsonObject } from "../../runtime/integration/PayloadSchema.ts"
import type { OperationLogService } from "../../runtime/operation/OperationLog.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { apiHandler } from "../http/ApiHandler.ts"
import { type MethodsAt, methodsOf } from "../http/ApiMethods.ts"
import { clusterHandlers } from "../http/ClusterRoutes.ts"
import { deadLetterHandlers } from "../http/DeadLetterRoutes.ts"
import { EventStreams } from "../http/EventStreams.ts"
import { layerOperationRoutes } from "../http/OperationRoutes.ts"
import { AskMeter, metered, meterOf } from "../metrics/AskMeter.ts"
import { CurrentRequestMetrics, RequestMetrics } from "../telemetry/RequestMetrics.ts"
import { ActorRoutes } from "./ActorRoutes.ts"
import { apiDocument } from "./ApiDocument.ts"
import { SESSION_METHODS, SESSION_PATH } from "./Authorisation.ts"
import { DirectoryRoutes } from "./DirectoryRoutes.ts"
import { DOCUMENT_ROUTES, exposedCatalog, layerDocumentRoutes, pagePolicy } from "./DocumentRoutes.ts"
import { Exposed, type Exposure } from "./Exposure.ts"
import { GatewayApi } from "./GatewayApi.ts"
import { historyRoutes } from "./HistoryRoutes.ts"
import { OperationHandlers } from "./OperationHandlers.ts"
import { ProjectionRoutes } from "./ProjectionRoutes.ts"
import { type PlainRoute, RouteTable } from "./RouteTable.ts"
import { SagaRoutes } from "./SagaRoutes.ts"
import { WatchRoutes } from "./WatchRoutes.ts"

/** Routes that are no endpoints of the API. */
export const PLAIN_ROUTES: ReadonlyArray<PlainRoute> = [
  { method: "GET", path: "/healthz", verb: "open" },
  { method: "GET", path: "/readyz", verb: "open" },
  { method: "GET", path: "/metrics", verb: "inspect" },
  ...DOCUMENT_ROUTES,
  ...SESSION_METHODS.map((method): PlainRoute => ({ method, path: SESSION_PATH, verb: "open" })),
]

interface HandlerOptions {
  readonly service: ActorSystemService
  /** Context of the system's Effects: loggers and references. */
  readonly context: Context.Context<never> | undefined
  readonly exposure: Exposure
  readonly basePath: string
  /** OpenAPI document of the application's routes. */
  readonly application: JsonObject | undefined
  /** Default: streams with the usual bound. */
  readonly streams?: EventStreams["Service"]
}

/** The routes, and what Gateway.ts asks about them. */
export interface GatewayHandler {
  readonly routes: RouteTable
  readonly methodsAt: MethodsAt
  /** Answers a request that has passed all checks. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Runs an Effect with the loggers and references of the system. */
  readonly run: <A>(effect: Effect.Effect<A>) => Promise<A>
  readonly operations: OperationLogService
  readonly logDefect: (what: string, cause: unknown) => void
  /** Counts an answer, with the time that it took. */
  readonly measure: (method: string, status: number, durationMs: number) => void
  /** Ends endless answers. */
  readonly endStreams: () => Promise<void>
  readonly dispose: () => Promise<void>
}

export const gatewayHandler = (options: HandlerOptions): GatewayHandler => {
  const { context, exposure, streams = EventStreams.make() } = options
  const base = context ?? Context.empty()
  const durations = Context.get(base, CurrentRequestMetrics) ?? new RequestMetrics(base)
  const known = meterOf(options.service)
  // A system on ports of the user's own has no meter: the gateway measures the asks that it makes.
  const meter = known ?? new AskMeter(durations)
  const service = known === undefined ? metered(options.service, meter) : options.service
  const methodsAt = methodsOf(GatewayApi)
  const routes = Layer.mergeAll(
    HttpApiBuilder.layer(GatewayApi).pipe(
      Layer.provide([
        DirectoryRoutes,
        ActorRoutes,
        WatchRoutes,
        SagaRoutes,
        OperationHandlers,
        ProjectionRoutes,
        historyRoutes(meter),
        HttpApiBuilder.group(GatewayApi, "deadLetters", deadLetterHandlers),
        HttpApiBuilder.group(GatewayApi, "cluster", (handlers) =>
          clusterHandlers(handlers, (type) => exposure.get(type)?.actor),
        ),
      ]),
    ),
    layerOperationRoutes,
    layerDocumentRoutes(
      once(() => apiDocument(options)),
      once(() => exposedCatalog(service.given, exposure)),
    ),
  )
  const services = Layer.mergeAll(
    // First, because the context of a system on promises has the system, too.
    Layer.succeedContext(base),
    Layer.succeed(ActorSystem, service),
    Layer.succeed(Exposed, Exposed.make(exposure)),
    Layer.succeed(EventStreams, streams),
    HttpServer.layerServices,
  )
  const { fetch, dispose } = apiHandler(Layer.provideMerge(routes, services), methodsAt)
  const run = Effect.runPromiseWith(base)
  return {
    routes: new RouteTable(GatewayApi, PLAIN_ROUTES, exposure),
    methodsAt,
    fetch: async (request) => withPolicy(await fetch(request)),
    run,
    operations: service.operations,
    logDefect: (what, cause) => void Effect.runForkWith(base)(Effect.logError(what, cause)),
    measure: (...answer) => durations.answered(...answer),
    endStreams: () => Effect.runPromise(streams.end),
    dispose,
  }
}

/** The result of the first call, for all calls. */
const once = <A>(make: () => A): (() => A) => {
  let made: { readonly value: A } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** A page gets the policy that its scripts need. */
const withPolicy = async (response: Response): Promise<Response> => {
  if (response.headers.get("content-type")?.startsWith("text/html") !== true) return response
  const html = await response.text()
  const { status, headers } = response
  headers.set("content-security-policy", pagePolicy(html))
  return new Response(html, { status, headers })
}
