/**
 * How the application's own routes end: with their answer, or with a problem document for what they throw.
 *
 * Owns which errors a caller sees. Errors of this package become the problems that the gateway's routes have
 * for them (infra/http/Problem.ts). Every other error is 500 without its text, because that may hold internals;
 * it is logged once, with the route.
 */
import { type EverstateError, isEverstateError } from "../../runtime/error/EverstateError.ts"
import { INTERNAL, isInternal, isServiceError, type Problem, problem, problemOf } from "../http/Problem.ts"
import type { Principal } from "./Access.ts"
import { problemAnswer } from "./Answers.ts"
import type { ApplicationRoutes } from "./GatewayOptions.ts"

type Log = (what: string, cause: unknown) => void

/** The answer of the routes; `undefined` for a path that they do not have. Never rejects. */
export const ownAnswer = async (
  routes: ApplicationRoutes,
  request: Request,
  caller: Principal,
  log: Log,
): Promise<Response | undefined> => {
  try {
    const answer: unknown = await routes(request, caller)
    if (answer === undefined || isResponse(answer)) return answer
    throw new TypeError("`routes` returned neither a Response nor undefined")
  } catch (cause) {
    const found = problemOfThrown(cause, request)
    if (isInternal(found)) log(`${request.method} ${new URL(request.url).pathname} failed`, cause)
    return problemAnswer(found)
  }
}

/** Frameworks bring their own class Response, so the shape counts. */
const isResponse = (value: unknown): value is Response =>
  typeof value === "object" && value !== null && "headers" in value && "status" in value && "body" in value

const problemOfThrown = (thrown: unknown, request: Request): Problem => {
  if (!isEverstateError(thrown)) return INTERNAL
  const key = request.headers.get("idempotency-key") ?? undefined
  const found = isServiceError(thrown) ? problemOf(thrown, key) : (byKind(thrown) ?? INTERNAL)
  // 412 answers an If-Match. Without one, the expected version is the application's own.
  return found.status === 412 && !request.headers.has("if-match") ? { ...found, status: 409 } : found
}

/** Errors that no route of the gateway has, by their kind; `undefined` for those that callers must not see. */
const byKind = ({ kind, message, hint }: EverstateError): Problem | undefined => {
  switch (kind) {
    case "rejection":
      return problem("rejected", message, { hint })
    case "conflict":
      return problem("conflict", message)
    case "transient":
      return problem("unavailable", message)
    default:
      return undefined
  }
}
