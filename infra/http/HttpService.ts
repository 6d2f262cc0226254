/**
 * The HTTP server of a service, around its routes.
 *
 * Owns how it starts and stops. Stopping runs backwards: answers without an end come to one (Departure.ts), no new
 * connections, requests in work are answered, connections close. What the routes stand on is provided by the service,
 * and stops after them.
 */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Layer } from "effect"
import { HttpRouter } from "effect/http"
import { Departure } from "./Departure.ts"

/** Longest wait at a stop for requests in work, in milliseconds. */
export const REQUESTS_DRAIN_MS = 10_000

/**
 * Longest path parameter that the router hands on, in characters: all that Node's 16 KiB of headers have room for. So an
 * id that is too long is refused as one, and not as a path that does not exist.
 */
const PATH_PARAMETER_LENGTH_MAX = 16_384

export interface HttpAddress {
  /** 0 for any free one. */
  readonly port: number
  readonly host: string
}

/** The running server. `HttpServer` tells its address. */
export const layerHttpService = <A, E, R>(routes: Layer.Layer<A, E, R>, { port, host }: HttpAddress) => {
  const server = NodeHttpServer.layer(createServer, {
    port,
    host,
    gracefulShutdownTimeout: REQUESTS_DRAIN_MS,
  })
  const served = HttpRouter.serve(routes, {
    disableLogger: true,
    disableListenLog: true,
    routerConfig: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
  }).pipe(Layer.provideMerge(server))
  return Departure.told.pipe(Layer.provideMerge(served), Layer.provide(Departure.layer))
}
