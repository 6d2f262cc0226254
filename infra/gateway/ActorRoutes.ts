/**
 * Handlers of the routes in ActorApi.ts: commands, states and the past of any actor.
 *
 * Owns how a command's route becomes an `ask` or a `tell`. Headers: infra/http/CommandRequest.ts. What may be
 * called at all: Exposure.ts and Gateway.ts.
 */
import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import type { AnyActor } from "../../runtime/define.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { userOf } from "../http/Caller.ts"
import { ask, type CommandRequest, metadataOf, versionHeaders, versionOf } from "../http/CommandRequest.ts"
import { etagOf, matchesVersion } from "../http/EntityTag.ts"
import { historyCursorOf, historyCursorText, momentOf } from "../http/PastQuery.ts"
import { notFound } from "../http/Problem.ts"
import { orProblem } from "../http/ProblemResponses.ts"
import { refuse, refuseInvalid } from "../http/Refused.ts"
import { actorDocument, birthDocument, historyItem } from "./ActorDocument.ts"
import { dryRunDocument, pendingDocument } from "./DryRunDocument.ts"
import { Exposed, type ExposedType, isOperatorsCommand } from "./Exposure.ts"
import { GatewayApi } from "./GatewayApi.ts"
import { ITEMS_PER_PAGE } from "./GatewayEndpoint.ts"
import { preferenceOf } from "./Preference.ts"
import { shown } from "./ShownValue.ts"

interface ActorParams {
  readonly type: string
  readonly id: string
}

interface HistoryQuery {
  readonly cursor?: string
  readonly limit?: number
}

interface AskRequest extends CommandRequest {
  readonly params: ActorParams & { readonly command: string }
  readonly query: { readonly via?: "ask" | "tell" }
  readonly headers: CommandRequest["headers"] & { readonly prefer?: string }
  readonly payload: { readonly [field: string]: unknown } | null
}

interface DryRunRequest extends CommandRequest {
  readonly params: ActorParams & { readonly command: string }
  readonly query: { readonly version?: number; readonly time?: string }
  readonly payload: { readonly [field: string]: unknown } | null
}

/** The request with an idempotency key: without one, a caller could not repeat a command whose outcome is unknown. */
const withKey = (given: AskRequest): AskRequest =>
  given.headers["idempotency-key"] === undefined
    ? { ...given, headers: { ...given.headers, "idempotency-key": randomUUID() } }
    : given

/** The command as the actor gets it. A known caller signs operators' commands, whatever the payload says. */
const commandOf = (exposed: ExposedType, given: AskRequest | DryRunRequest) => {
  const { command } = given.params
  const user = userOf(given.headers)
  const isSigned = user !== undefined && isOperatorsCommand(exposed, command)
  return { ...given.payload, type: command, ...(isSigned ? { by: user } : {}) }
}

export const ActorRoutes = HttpApiBuilder.group(
  GatewayApi,
  "actors",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const { typeNamed, commandNamed } = yield* Exposed
    const refOf = ({ actor }: ExposedType, id: string) => system.get(actor as AnyActor, id)

    const read = Effect.fnUntraced(function* (params: ActorParams, ifNoneMatch: string | undefined) {
      const now = yield* refOf(yield* typeNamed(params.type), params.id).state()
      if (!now.isBorn) return yield* refuse(notFound(params.type, params.id))
      const etag = etagOf(now.version)
      return matchesVersion(ifNoneMatch, now.version)
        ? HttpServerResponse.empty({ status: 304, headers: { etag } })
        : HttpApiSchema.withHeaders({ body: actorDocument(params, now), headers: { etag } })
    })

    const history = Effect.fnUntraced(function* (
      params: ActorParams,
      { cursor, limit = ITEMS_PER_PAGE.default }: HistoryQuery,
    ) {
      const ref = refOf(yield* typeNamed(params.type), params.id)
      const after = yield* historyCursorOf(cursor)
      const { birth, events, next } = yield* ref.history({ after, limit })
      if (after.version === 0 && birth === undefined) return yield* refuse(notFound(params.type, params.id))
      return {
        ...(birth === undefined ? {} : { birth: birthDocument(birth) }),
        items: events.map(historyItem),
        ...(next === undefined ? {} : { next: historyCursorText(next) }),
      }
    })

    const at = Effect.fnUntraced(function* (
      params: ActorParams,
      query: { readonly version?: number; readonly time?: string },
    ) {
      const ref = refOf(yield* typeNamed(params.type), params.id)
      const past = yield* ref.stateAt(yield* momentOf(query))
      if (past.at === undefined) {
        return yield* refuse({
          ...notFound(params.type, params.id),
          detail: `There was no ${params.type} "${params.id}" then.`,
        })
      }
      return HttpApiSchema.withHeaders({
        body: actorDocument(params, past),
        headers: { etag: etagOf(past.version) },
      })
    })

    const tell = Effect.fnUntraced(function* (given: AskRequest) {
      const { type, id, command } = given.params
      const key = given.headers["idempotency-key"]
      const exposed = yield* commandNamed(type, command)
      if (versionOf(given).ifVersion !== undefined) {
        return yield* refuseInvalid(
          "A command that is stored in the mailbox cannot depend on a version.",
          "Leave out If-Match and If-None-Match, or send the command without `via=tell` and `respond-async`.",
        )
      }
      const { commandId } = yield* refOf(exposed, id).tell(commandOf(exposed, given), {
        ...(key === undefined ? {} : { commandId: key }),
        metadata: metadataOf(given),
      })
      return { type, id, commandId }
    })

    const send = Effect.fnUntraced(function* (given: AskRequest) {
      const { type, id, command } = given.params
      const { isAsync, waitMs } = yield* preferenceOf(given.headers.prefer)
      if (given.query.via === "tell" || (given.query.via === undefined && isAsync)) return yield* tell(given)
      const exposed = yield* commandNamed(type, command)
      const { version, sequence, reply, duplicate } = yield* ask(
        refOf(exposed, id),
        commandOf(exposed, given),
        given,
        waitMs,
      )
      return HttpApiSchema.withHeaders({
        body: { type, id, version, sequence, reply: shown(reply) ?? null, duplicate },
        headers: versionHeaders({ version, sequence }),
      })
    })

    const pending = Effect.fnUntraced(function* (params: ActorParams) {
      return pendingDocument(params, yield* refOf(yield* typeNamed(params.type), params.id).pending())
    })

    const dryRun = Effect.fnUntraced(function* (given: DryRunRequest) {
      const { type, id, command } = given.params
      const exposed = yield* commandNamed(type, command)
      const key = given.headers["idempotency-key"]
      const { version, time } = given.query
      const run = yield* refOf(exposed, id).dryRun(commandOf(exposed, given), {
        ...(version === undefined && time === undefined ? {} : { at: yield* momentOf(given.query) }),
        ...(key === undefined ? {} : { commandId: key }),
        ...versionOf(given),
        metadata: metadataOf(given),
      })
      return dryRunDocument({ type, id }, run)
    })

    const spawn = Effect.fnUntraced(function* (
      given: CommandRequest & {
        readonly params: ActorParams
        readonly payload: { readonly input?: unknown }
      },
    ) {
      const { type, id } = given.params
      const { actor } = yield* typeNamed(type)
      const key = given.headers["idempotency-key"]
      const spawned = yield* system.spawn(actor as AnyActor, id, {
        ...given.payload,
        ...(key === undefined ? {} : { commandId: key }),
        metadata: metadataOf(given),
      })
      return { type, id, ...spawned }
    })

    return handlers.handleAll({
      read: ({ params, headers }) => orProblem(read(params, headers["if-none-match"])),
      history: ({ params, query }) => orProblem(history(params, query)),
      at: ({ params, query }) => orProblem(at(params, query)),
      pending: ({ params }) => orProblem(pending(params)),
      dryRun: (given) => orProblem(dryRun(given)),
      spawn: (given) => orProblem(spawn(given)),
      ask: (given) => {
        const keyed = withKey(given)
        return orProblem(send(keyed), keyed.headers["idempotency-key"])
      },
    })
  }),
)
