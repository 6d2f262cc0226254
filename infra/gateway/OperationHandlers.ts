/**
 * Handlers of the routes in OperationApi.ts.
 *
 * Owns the documents of projections and reactors: their status on this node, with the owners that the cluster
 * knows. How far a projection is that another node runs: infra/system/StoredProgress.ts.
 */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { ClusterStatus, ProjectionStatus, ReactorStatus } from "../../runtime/operations.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { isoTime } from "../http/IsoTime.ts"
import { orProblem } from "../http/ProblemResponses.ts"
import { storedProgressOf } from "../system/StoredProgress.ts"
import { GatewayApi } from "./GatewayApi.ts"
import { ITEMS_PER_PAGE } from "./GatewayEndpoint.ts"

/** Slots of a follower: `projection.balances.v1.p0`, `reactor.mail.p0`. */
const ownersOf = ({ slots }: ClusterStatus, prefix: string) =>
  slots
    .filter(({ slot }) => slot.startsWith(prefix))
    .map(({ slot, member, stopped }) => ({
      slot,
      ...(member === undefined ? {} : { member }),
      ...(stopped === undefined ? {} : { stopped }),
    }))

const follower = ({ name, state, lag, lastError }: ProjectionStatus | ReactorStatus) => ({
  name,
  state,
  lag,
  ...(lastError === undefined ? {} : { lastError }),
})

export const OperationHandlers = HttpApiBuilder.group(
  GatewayApi,
  "operations",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const { cluster, operations, status } = system
    const stored = storedProgressOf(system)

    /** A node knows nothing of a projection that another node runs, so what is stored counts. */
    const withStored = (projection: ProjectionStatus): Effect.Effect<ProjectionStatus> =>
      projection.state !== "elsewhere" || stored === undefined
        ? Effect.succeed(projection)
        : stored(projection).pipe(
            Effect.map((progress) => ({ ...projection, ...progress })),
            Effect.catch((why) =>
              Effect.succeed({ ...projection, lastError: `Its offset cannot be read: ${why}` }),
            ),
          )

    const list = Effect.fnUntraced(function* ({
      cursor,
      limit = ITEMS_PER_PAGE.default,
    }: {
      readonly cursor?: number
      readonly limit?: number
    }) {
      const found = yield* operations.list({ limit, ...(cursor === undefined ? {} : { before: cursor }) })
      const last = found.length === limit ? found.at(-1) : undefined
      return {
        items: found.map(({ atMs, by, outcome, ...operation }) => ({
          ...operation,
          at: isoTime(atMs),
          by: by ?? null,
          outcome: outcome ?? null,
        })),
        ...(last === undefined ? {} : { next: String(last.number) }),
      }
    })

    const found = Effect.flatMap(status, ({ projections }) =>
      Effect.forEach(projections, withStored, { concurrency: "unbounded" }),
    )

    const projections = Effect.map(Effect.all([found, cluster.status]), ([projections, members]) => ({
      items: projections.map((projection) => ({
        ...follower(projection),
        version: projection.version,
        offset: projection.offset,
        deadLetters: projection.deadLetterCount,
        owners: ownersOf(members, `projection.${projection.name}.v${projection.version}.`),
      })),
    }))

    const reactors = Effect.map(Effect.all([status, cluster.status]), ([{ reactors }, members]) => ({
      items: reactors.map((reactor) => ({
        ...follower(reactor),
        owners: ownersOf(members, `reactor.${reactor.name}.`),
      })),
    }))

    return handlers.handleAll({
      operations: ({ query }) => orProblem(list(query)),
      projections: () => projections,
      reactors: () => reactors,
    })
  }),
)
