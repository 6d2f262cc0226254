/**
 * Handlers of the routes in SagaApi.ts: the state of fulfilments, the list of open ones, and the verbs of
 * operators.
 *
 * Owns which states the list shows: the read model names the open fulfilments, and each saga tells its own
 * state. What the verbs mean: runtime/saga/SagaEvents.ts.
 */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import { ActorSystem } from "../../effect.ts"
import { isoTime } from "../../http/IsoTime.ts"
import { notFound } from "../../http/Problem.ts"
import { problemResponse } from "../../http/ProblemResponses.ts"
import { Hosted } from "./Hosted.ts"
import { notHosted, problemOf } from "./OrderProblem.ts"
import { OrderReads } from "./OrderReads.ts"
import { send } from "./ParticipantRoutes.ts"
import { SAGAS_PER_PAGE } from "./SagaApi.ts"
import { hasEnded, sagaDocument, sagaSummary } from "./SagaDocument.ts"
import { ServiceApi } from "./ServiceApi.ts"

/** Sagas that a list asks at the same time. */
const STATES_CONCURRENCY = 16

interface ListQuery {
  readonly state?: string
  readonly cursor?: string
  readonly limit?: number
}

export const SagaRoutes = HttpApiBuilder.group(
  ServiceApi,
  "sagas",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const reads = yield* OrderReads
    const { flow } = yield* Hosted
    const saga = (sagaId: string) => system.get(Fulfilment, sagaId)

    const list = Effect.fnUntraced(function* ({ state, cursor, limit = SAGAS_PER_PAGE.default }: ListQuery) {
      const { items, openCount, ...next } = yield* reads.openFulfilments({
        limit,
        ...(cursor === undefined ? {} : { cursor }),
      })
      const found = yield* Effect.forEach(
        items,
        ({ orderId, placedAtMs }) =>
          Effect.map(saga(orderId).state(), (now) => ({
            sagaId: orderId,
            placedAt: isoTime(placedAtMs),
            ...sagaSummary(now),
          })),
        { concurrency: STATES_CONCURRENCY },
      )
      const ended = found.filter(hasEnded)
      const sagas = found.filter((one) => !hasEnded(one) && (state === undefined || one.state === state))
      return { sagas, openCount: openCount - ended.length, ...next }
    })

    const show = Effect.fnUntraced(function* (sagaId: string) {
      const now = yield* saga(sagaId).state()
      return now.version === 0 ? problemResponse(notFound("fulfilment", sagaId)) : sagaDocument(sagaId, now)
    })

    /** Answers a problem in the choreography, because it has no saga to ask. */
    const hostedHere = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      flow === "saga" ? effect : Effect.succeed(problemResponse(notHosted(flow)))

    const orProblem = <A, E extends Parameters<typeof problemOf>[0], R>(effect: Effect.Effect<A, E, R>) =>
      hostedHere(Effect.catch(effect, (error) => Effect.succeed(problemResponse(problemOf(error)))))

    return handlers.handleAll({
      openSagas: ({ query }) => orProblem(list(query)),
      picture: () => hostedHere(Effect.succeed(Fulfilment.describe())),
      saga: ({ params }) => orProblem(show(params.sagaId)),
      cancelSaga: (given) =>
        hostedHere(send(saga(given.params.sagaId), { type: "Cancel", ...given.payload }, given)),
      retry: (given) =>
        hostedHere(send(saga(given.params.sagaId), { type: "Retry", ...given.payload }, given)),
      skip: (given) => hostedHere(send(saga(given.params.sagaId), { type: "Skip", ...given.payload }, given)),
      resolve: (given) =>
        hostedHere(send(saga(given.params.sagaId), { type: "Resolve", ...given.payload }, given)),
      abort: (given) =>
        hostedHere(send(saga(given.params.sagaId), { type: "Abort", ...given.payload }, given)),
    })
  }),
)
