/**
 * The service's own routes, as a gateway takes them: OrderApi.ts with its handlers.
 *
 * Owns their composition, and that every other path is the gateway's.
 */
import { type Context, Effect, Layer, type Scope } from "effect"
import { HttpServer } from "effect/http"
import { HttpApiBuilder, OpenApi } from "effect/http-api"
import type { ActorSystem } from "../../effect.ts"
import { apiHandler } from "../../http/ApiHandler.ts"
import { methodsOf } from "../../http/ApiMethods.ts"
import type { GatewayOptions } from "../../http.ts"
import { OrderApi } from "./OrderApi.ts"
import { OrderCommandRoutes } from "./OrderCommandRoutes.ts"
import { OrderQueryRoutes } from "./OrderQueryRoutes.ts"
import type { OrderReads } from "./OrderReads.ts"

/** The routes with their OpenAPI document; they end with the scope. */
export const acquireOrderRoutes = (
  context: Context.Context<ActorSystem | OrderReads>,
): Effect.Effect<Required<Pick<GatewayOptions, "routes" | "openapi">>, never, Scope.Scope> => {
  const methodsAt = methodsOf(OrderApi)
  const services = Layer.merge(Layer.succeedContext(context), HttpServer.layerServices)
  const routes = HttpApiBuilder.layer(OrderApi).pipe(Layer.provide([OrderCommandRoutes, OrderQueryRoutes]))
  const handler = Effect.sync(() => apiHandler(Layer.provideMerge(routes, services), methodsAt))
  return Effect.acquireRelease(handler, ({ dispose }) => Effect.promise(dispose)).pipe(
    Effect.map(({ fetch }) => ({
      routes: (request: Request) => {
        const { pathname } = new URL(request.url)
        return methodsAt(pathname).length === 0 ? undefined : fetch(request)
      },
      openapi: { ...OpenApi.fromApi(OrderApi) },
    })),
  )
}
