/**
 * The console of the service, on a gateway of its own.
 *
 * Owns where it is: the gateway is below `/everstate`, because the service has routes of its own for orders and
 * sagas; `/` and `/console` lead to it. Who may call: the checks of the service come first, and it asks for no
 * password. The console: infra/console/.
 */
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { ActorSystem } from "../../../runtime/system/ActorSystem.ts"
import { Departure } from "../../http/Departure.ts"
import { makeGateway } from "../../http.ts"

/** Path of the gateway in the service. */
const GATEWAY_PATH = "/everstate"

/** Way to the console from the root of the service, which a proxy may have put below a path of its own. */
const CONSOLE_ADDRESS = `${GATEWAY_PATH.slice(1)}/console/`

export const layerConsoleRoutes = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const system = yield* ActorSystem
    const gateway = yield* Effect.acquireRelease(
      Effect.sync(() =>
        makeGateway(system, {
          basePath: GATEWAY_PATH,
          console: true,
          // The service has checked the host, and lets everybody do everything whom it lets in.
          allowedHosts: ["*"],
          authorize: () => ({ user: undefined }),
        }),
      ),
      (running) => Effect.promise(() => running.close()),
    )
    // The console holds streams open. They end when the service begins to stop.
    const { begins } = yield* Departure
    yield* Effect.forkScoped(
      Effect.andThen(
        begins.await,
        Effect.promise(() => gateway.close()),
      ),
    )
    const answer = (request: HttpServerRequest.HttpServerRequest) =>
      HttpServerRequest.toWeb(request).pipe(
        Effect.flatMap((asked) => Effect.promise(() => gateway.fetch(asked))),
        Effect.map(HttpServerResponse.fromWeb),
        Effect.orDie,
      )
    yield* router.add("*", `${GATEWAY_PATH}/*`, answer)
    for (const path of ["/", "/console"] as const) {
      yield* router.add("GET", path, HttpServerResponse.redirect(CONSOLE_ADDRESS))
    }
  }),
)
