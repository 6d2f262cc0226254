/**
 * The HTTP server of a service, around its routes.
 *
 * Owns how it starts and stops. A stop runs backwards: endless answers end (Departure.ts), the server takes
 * no new connections, running requests are answered, connections close. The service provides the layers that
 * its routes need; they stop after the routes.
 */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Layer } from "effect"
import { HttpRouter } from "effect/http"
import { Departure } from "../../http/Departure.ts"

/** Longest wait for running requests at a stop, in milliseconds. */
export const REQUESTS_DRAIN_MS = 10_000

/**
 * Longest path parameter that the router hands on, in characters: as long as Node's 16 KiB of headers allow.
 * So an id that is too long is answered as an invalid id, and not as a route that does not exist.
 */
const PATH_PARAMETER_LENGTH_MAX = 16_384

export interface HttpAddress {
  /** Port to listen on; 0 for any free one. */
  readonly port: number
  readonly host: string
}

/** The running server. The service `HttpServer` has its address. */
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
