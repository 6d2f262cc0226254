/**
 * The routes of an API as one web-standard handler.
 *
 * Owns how they are served, and how they end. What happens to a request before: infra/gateway/Gateway.ts.
 */
import { Layer } from "effect"
import { HttpRouter } from "effect/http"
import { type MethodsAt, PATH_PARAMETER_LENGTH_MAX } from "./ApiMethods.ts"
import { layerProblemResponses } from "./ProblemResponses.ts"

/** Answers requests until it is disposed of. */
export interface ApiHandler {
  readonly fetch: (request: Request) => Promise<Response>
  readonly dispose: () => Promise<void>
}

/** The handler of routes, which have their services. `methodsAt` is the look-up of their paths. */
export const apiHandler = <A>(
  routes: Layer.Layer<A, never, HttpRouter.HttpRouter>,
  methodsAt: MethodsAt,
): ApiHandler => {
  const { handler, dispose } = HttpRouter.toWebHandler(
    Layer.merge(routes, layerProblemResponses(methodsAt)),
    { disableLogger: true, routerConfig: { maxParamLength: PATH_PARAMETER_LENGTH_MAX } },
  )
  return { fetch: (request) => handler(request), dispose }
}
