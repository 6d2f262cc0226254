/**
 * Handlers of the routes in OperationApi.ts.
 *
 * Owns the pages of the log. The documents of projections and reactors: FollowerDocuments.ts.
 */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { isoTime } from "../http/IsoTime.ts"
import { orProblem } from "../http/ProblemResponses.ts"
import { projectionDocument, reactorDocument } from "./FollowerDocuments.ts"
import { GatewayApi } from "./GatewayApi.ts"
import { ITEMS_PER_PAGE } from "./GatewayEndpoint.ts"

export const OperationHandlers = HttpApiBuilder.group(
  GatewayApi,
  "operations",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const { cluster, operations, status } = system

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

    const projections = Effect.gen(function* () {
      const { projections } = yield* status
      const members = yield* cluster.status
      const items = yield* Effect.forEach(projections, (one) => projectionDocument(system, one, members), {
        concurrency: "unbounded",
      })
      return { items }
    })

    const reactors = Effect.gen(function* () {
      const known = new Map((yield* status).reactors.map((one) => [one.name, one]))
      const members = yield* cluster.status
      const items = yield* Effect.forEach(
        system.given.reactors,
        (one) => reactorDocument(system, one, known.get(one.name), members),
        { concurrency: "unbounded" },
      )
      return { items }
    })

    return handlers.handleAll({
      operations: ({ query }) => orProblem(list(query)),
      projections: () => projections,
      reactors: () => reactors,
    })
  }),
)
