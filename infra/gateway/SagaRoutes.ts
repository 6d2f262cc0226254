/**
 * Handlers of the routes in SagaApi.ts: lists and states of sagas, and the verbs of operators.
 *
 * Owns the list over several types, and who signs a verb. What the verbs mean: runtime/saga/SagaEvents.ts.
 */
import { Effect } from "effect"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import type { AnyActor, CurrentState } from "../../runtime/define.ts"
import type { SagaState } from "../../runtime/saga.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { signerOf } from "../http/Caller.ts"
import { ask, type CommandRequest, versionHeaders } from "../http/CommandRequest.ts"
import { notFound, problem } from "../http/Problem.ts"
import { orProblem } from "../http/ProblemResponses.ts"
import { refuse, refuseInvalid } from "../http/Refused.ts"
import type { ActorName } from "./ActorDocument.ts"
import { type ListQuery, listedActor, listOptionsOf } from "./DirectoryRoutes.ts"
import { Exposed } from "./Exposure.ts"
import { GatewayApi } from "./GatewayApi.ts"
import { ITEMS_PER_PAGE } from "./GatewayEndpoint.ts"
import { sagaDocument } from "./SagaDocument.ts"
import { shown } from "./ShownValue.ts"

interface SignedRequest extends CommandRequest {
  readonly params: ActorName
  readonly payload: { readonly by?: string; readonly note: string; readonly [field: string]: unknown }
}

export const SagaRoutes = HttpApiBuilder.group(
  GatewayApi,
  "sagas",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const { typeNamed, types } = yield* Exposed
    const sagaTypes = types.flatMap(({ saga }) => (saga === undefined ? [] : [saga.type]))

    const sagaNamed = Effect.fnUntraced(function* (type: string) {
      const { saga } = yield* typeNamed(type)
      return saga ?? (yield* refuse(problem("unknownType", `"${type}" is no saga type.`)))
    })

    const ofType = Effect.fnUntraced(function* (type: string, query: ListQuery) {
      yield* sagaNamed(type)
      const { actors, ...next } = yield* system.actors.list(yield* listOptionsOf(type, query))
      return { items: actors.map(listedActor), ...next }
    })

    const list = Effect.fnUntraced(function* ({
      cursor,
      limit = ITEMS_PER_PAGE.default,
      ...query
    }: ListQuery) {
      const start = yield* startOf(sagaTypes, cursor)
      const items: Array<ReturnType<typeof listedActor>> = []
      for (const [index, type] of sagaTypes.entries()) {
        if (index < start.index) continue
        const after = index === start.index ? start.after : undefined
        const page = yield* ofType(type, {
          ...query,
          limit: limit - items.length,
          ...(after === undefined ? {} : { cursor: after }),
        })
        items.push(...page.items)
        if (page.next !== undefined) return { items, next: `${type}/${page.next}` }
        const following = sagaTypes[index + 1]
        if (items.length === limit && following !== undefined) return { items, next: `${following}/` }
      }
      return { items }
    })

    const show = Effect.fnUntraced(function* ({ type, id }: ActorName) {
      const { actor } = yield* sagaNamed(type)
      const now = yield* system.get(actor as AnyActor, id).state()
      if (!now.isBorn) return yield* refuse(notFound(type, id))
      return sagaDocument({ type, id }, now as CurrentState<SagaState>)
    })

    const act = (command: string) => (given: SignedRequest) => {
      const { type, id } = given.params
      const done = Effect.gen(function* () {
        const { actor } = yield* sagaNamed(type)
        const signed = { ...given.payload, type: command, by: signerOf(given.headers, given.payload.by) }
        const { version, sequence, reply, duplicate } = yield* ask(
          system.get(actor as AnyActor, id),
          signed,
          given,
        )
        return HttpApiSchema.withHeaders({
          body: { type, id, version, sequence, reply: shown(reply) ?? null, duplicate },
          headers: versionHeaders({ version, sequence }),
        })
      })
      return orProblem(done, given.headers["idempotency-key"])
    }

    return handlers.handleAll({
      list: ({ query }) => orProblem(list(query)),
      ofType: ({ params, query }) => orProblem(ofType(params.type, query)),
      picture: ({ params }) => orProblem(Effect.map(sagaNamed(params.type), (saga) => saga.describe())),
      show: ({ params }) => orProblem(show(params)),
      cancel: act("Cancel"),
      retry: act("Retry"),
      skip: act("Skip"),
      resolve: act("Resolve"),
      abort: act("Abort"),
    })
  }),
)

/** Where a page over all types starts: the index of its type, and the cursor within that type. */
const startOf = (types: ReadonlyArray<string>, cursor: string | undefined) => {
  if (cursor === undefined) return Effect.succeed({ index: 0, after: undefined })
  const slash = cursor.indexOf("/")
  const index = types.indexOf(cursor.slice(0, slash))
  const after = cursor.slice(slash + 1)
  return slash < 0 || index < 0
    ? refuseInvalid(
        "The cursor does not belong to this list.",
        "Give `next` of the previous page, unchanged.",
      )
    : Effect.succeed({ index, after: after === "" ? undefined : after })
}
