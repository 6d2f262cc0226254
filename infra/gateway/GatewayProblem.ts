/**
 * The problems of a gateway's own routes.
 *
 * Owns what differs from infra/http/Problem.ts: a rejection by the domain is 422, conflicts are 409, and a
 * command whose outcome is unknown is 504 with the key under which it can be sent again.
 */
import { Effect } from "effect"
import type { HttpServerResponse } from "effect/http"
import type { AskError, JournalReadError } from "../../runtime/define.ts"
import { type Problem, problem, problemOf, type ServiceError } from "../http/Problem.ts"
import { problemResponse } from "../http/ProblemResponses.ts"
import { Refused } from "../http/Refused.ts"

/** Status in place of the one in infra/http/Problem.ts, by the error. */
const STATUS_OF: { readonly [tag: string]: number } = {
  CommandRejected: 422,
  CommandIdReused: 409,
  ActorExists: 409,
}

/** The errors with which handlers of a gateway may fail. */
export type GatewayError = ServiceError | AskError | JournalReadError | Refused

/** The error as the gateway's caller sees it; `key` is the idempotency key of its command. */
export const gatewayProblemOf = (error: GatewayError, key?: string): Problem => {
  if (error instanceof Refused) return error.problem
  if (error._tag === "Unavailable" && error.stored === "Unknown") {
    return problem("timeout", error.message, key === undefined ? {} : { idempotencyKey: key })
  }
  if (error._tag === "ActorExists") {
    return {
      ...problem("versionConflict", error.message, { hint: error.hint }),
      status: 409,
      title: "The actor exists",
    }
  }
  const given = problemOf(error)
  const status = given.status === 404 ? undefined : STATUS_OF[error._tag]
  return status === undefined ? given : { ...given, status }
}

/** Turns every error of a handler into its problem. */
export const orProblem = <A, E extends GatewayError, R>(
  handler: Effect.Effect<A, E, R>,
  key?: string,
): Effect.Effect<A | HttpServerResponse.HttpServerResponse, never, R> =>
  Effect.catch(handler, (error) => Effect.succeed(problemResponse(gatewayProblemOf(error, key))))
