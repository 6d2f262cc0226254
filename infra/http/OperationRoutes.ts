/**
 * What operators and orchestrators ask: is the process alive, should it get requests, what do the numbers say.
 *
 * Owns what "ready" means: the journal is the one that was verified and answers, Postgres answers, no projection
 * and no reactor is stalled, nothing is stopping. Commands work without Postgres, queries do not: so it counts.
 */
import { Effect, type Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { ActorSystem, type ProjectionStatus, type ReactorStatus } from "../effect.ts"
import { METRICS_CONTENT_TYPE, metricsText } from "../telemetry/MetricsText.ts"
import { OrderReads } from "./OrderReads.ts"

/** Longest wait for one dependency to show itself, in milliseconds. */
export const READY_CHECK_MS = 2_000

type Check = { readonly ok: boolean; readonly detail?: string }

const checked = <E extends { readonly message: string }>(
  check: Effect.Effect<void, E>,
): Effect.Effect<Check> =>
  check.pipe(
    Effect.timeoutOrElse({
      duration: READY_CHECK_MS,
      orElse: () => Effect.fail({ message: `no answer within ${READY_CHECK_MS} ms` }),
    }),
    Effect.match({
      onSuccess: () => ({ ok: true }),
      onFailure: ({ message }) => ({ ok: false, detail: message }),
    }),
  )

/** A projection or a reactor: whether somebody has to look at it. */
const follower = ({ name, state, lag, lastError }: ProjectionStatus | ReactorStatus) => ({
  name,
  ok: state !== "stalled",
  state,
  lag,
  ...(state === "running" || lastError === undefined ? {} : { detail: lastError }),
})

/** `/healthz`, `/readyz`, `/metrics`. */
export const layerOperationRoutes: Layer.Layer<
  never,
  never,
  HttpRouter.HttpRouter | ActorSystem | OrderReads
> = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const system = yield* ActorSystem
    const reads = yield* OrderReads

    const ready = Effect.gen(function* () {
      const [journal, postgres, status] = yield* Effect.all(
        [checked(system.check), checked(reads.check), system.status],
        { concurrency: "unbounded" },
      )
      const projections = status.projections.map(follower)
      const reactors = status.reactors.map(follower)
      const checks = [journal, postgres, ...projections, ...reactors]
      const isReady = !status.isStopping && checks.every(({ ok }) => ok)
      return HttpServerResponse.jsonUnsafe(
        { ready: isReady, stopping: status.isStopping, journal, postgres, projections, reactors },
        { status: isReady ? 200 : 503 },
      )
    })

    yield* router.add("GET", "/healthz", Effect.succeed(HttpServerResponse.jsonUnsafe({ alive: true })))
    yield* router.add("GET", "/readyz", ready)
    yield* router.add(
      "GET",
      "/metrics",
      system.status.pipe(
        Effect.flatMap(metricsText),
        Effect.map((text) => HttpServerResponse.text(text, { contentType: METRICS_CONTENT_TYPE })),
      ),
    )
  }),
)
