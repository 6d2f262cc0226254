/**
 * The routes for operators and orchestrators: is the process alive, is it ready for requests, and its
 * metrics.
 *
 * Owns what "ready" means. The journal answers and is the one that was verified; every other stream and
 * bucket that the node needs exists and takes writes; Postgres answers; no projection or reactor is stalled;
 * the node takes part in the cluster; the system is not stopping. Postgres counts because queries need it,
 * although commands work without it. It is asked for the log of operations, which every system keeps there.
 */
import { Effect, type Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { problemsOf } from "../../runtime/health/Health.ts"
import type { MemberStanding, ProjectionStatus, ReactorStatus } from "../../runtime/operations.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { METRICS_CONTENT_TYPE, metricsText } from "../telemetry/MetricsText.ts"

/** Longest wait for the answer of one dependency, in milliseconds. */
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

/** State of a projection or reactor; not ok if an operator has to look at it. */
const follower = ({ name, state, lag, lastError, stoppedAt }: ProjectionStatus | ReactorStatus) => ({
  name,
  ok: state !== "stalled",
  state,
  lag,
  ...(stoppedAt === undefined ? {} : { stoppedAt }),
  ...(state === "running" || lastError === undefined ? {} : { detail: lastError }),
})

/**
 * Standing of the node in the cluster. A drained or cut-off node still answers, but load balancers should
 * avoid it.
 */
const membership = ({ id, name, state, isLeaseValid, leaseAgeMs }: MemberStanding) => {
  const facts = {
    member: id,
    name,
    state,
    ...(leaseAgeMs === undefined ? {} : { leaseAgeMs: Math.round(leaseAgeMs) }),
  }
  if (state === "up" && isLeaseValid) return { ok: true, ...facts }
  if (state === "up")
    return { ok: false, ...facts, detail: "the node has not renewed its lease, or cannot be reached" }
  const why = {
    drained: "an operator has drained the node",
    leaving: "the node is leaving",
    out: "the node is no member now",
  }
  return { ok: false, ...facts, detail: why[state] }
}

/** `/healthz`, `/readyz`, `/metrics`. */
export const layerOperationRoutes: Layer.Layer<never, never, HttpRouter.HttpRouter | ActorSystem> =
  HttpRouter.use(
    Effect.fnUntraced(function* (router) {
      const system = yield* ActorSystem
      const postgresCheck = Effect.asVoid(system.operations.list({ limit: 1 }))

      const ready = Effect.gen(function* () {
        const [journal, postgres, standing] = yield* Effect.all(
          [
            checked(Effect.catchTag(system.check, "Unhealthy", () => Effect.void)),
            checked(postgresCheck),
            system.cluster.standing,
          ],
          { concurrency: "unbounded" },
        )
        // Read after the check, so that it has the check's findings.
        const status = yield* system.status
        const problems = problemsOf(status.needed).map((problem) => ({ ok: false, ...problem }))
        const projections = status.projections.map(follower)
        const reactors = status.reactors.map(follower)
        const cluster = membership(standing)
        const checks = [journal, postgres, cluster, ...projections, ...reactors, ...problems]
        const isReady = !status.isStopping && checks.every(({ ok }) => ok)
        return HttpServerResponse.jsonUnsafe(
          {
            ready: isReady,
            stopping: status.isStopping,
            journal,
            postgres,
            cluster,
            projections,
            reactors,
            problems,
          },
          { status: isReady ? 200 : 503 },
        )
      })

      yield* router.add("GET", "/healthz", Effect.succeed(HttpServerResponse.jsonUnsafe({ alive: true })))
      yield* router.add("GET", "/readyz", ready)
      yield* router.add(
        "GET",
        "/metrics",
        Effect.all([system.status, system.cluster.standing]).pipe(
          Effect.flatMap(([status, standing]) => metricsText(status, standing)),
          Effect.map((text) => HttpServerResponse.text(text, { contentType: METRICS_CONTENT_TYPE })),
        ),
      )
    }),
  )
