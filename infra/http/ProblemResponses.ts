/**
 * The outermost layer of an API: every error leaves it as a problem document.
 *
 * Owns how errors of handlers become answers, and the errors that no handler turned into a problem: no such
 * route, malformed JSON, a defect. Problem.ts says what each error means. What is checked before a request
 * gets here: infra/gateway/Gateway.ts.
 */
import { Cause, Effect, SchemaIssue } from "effect"
import {
  HttpRouter,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse,
  ProblemDetails,
} from "effect/http"
import { HttpApiError } from "effect/http-api"
import type { MethodsAt } from "./ApiMethods.ts"
import {
  INTERNAL,
  isInternal,
  type Problem,
  passes,
  problem,
  problemOf,
  RETRY_AFTER_SECONDS,
  type ServiceError,
} from "./Problem.ts"
import { Refused } from "./Refused.ts"

/** Header with the id of the business transaction; the service makes one if the client sends none. */
export const CORRELATION_HEADER = "x-correlation-id"

/** The problem as a response. */
export const problemResponse = (given: Problem): HttpServerResponse.HttpServerResponse => {
  const response = ProblemDetails.toResponse(given)
  return passes(given.status)
    ? HttpServerResponse.setHeader(response, "retry-after", String(RETRY_AFTER_SECONDS))
    : response
}

/**
 * Turns every error of a handler into its problem; `key` is the idempotency key of its command. An error whose
 * text is for the log alone is logged.
 */
export const orProblem = <A, E extends ServiceError | Refused, R>(
  handler: Effect.Effect<A, E, R>,
  key?: string,
): Effect.Effect<A | HttpServerResponse.HttpServerResponse, never, R> =>
  Effect.catch(handler, (error: ServiceError | Refused) => {
    const found = error instanceof Refused ? error.problem : problemOf(error, key)
    const response = Effect.succeed(problemResponse(found))
    return isInternal(found)
      ? Effect.andThen(Effect.logError("A request has failed", error), response)
      : response
  })

const formatIssues = SchemaIssue.makeFormatterStandardSchemaV1()

const invalidRequest = ({ kind, cause }: HttpApiError.HttpApiSchemaError): Problem => {
  const issues = formatIssues(cause.issue).issues.map(({ path = [], message }) => ({
    path: path.map((segment) => String(typeof segment === "object" ? segment.key : segment)).join("."),
    message,
  }))
  const where =
    { Params: "path", Payload: "body", Headers: "headers", Query: "query" }[String(kind)] ?? "answer"
  const said = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ")
  return problem(where === "path" ? "invalidId" : "invalidRequest", `The ${where} of the request: ${said}`, {
    in: where,
    issues,
  })
}

/** The problem that the client sees for a defect; `undefined` if the defect must not be shown. */
const problemOfDefect = (
  defect: unknown,
  request: HttpServerRequest.HttpServerRequest,
): Problem | undefined => {
  if (HttpApiError.HttpApiSchemaError.is(defect)) {
    return defect.kind === "Body" || defect.kind === "ResponseHeaders" ? undefined : invalidRequest(defect)
  }
  if (HttpServerError.isHttpServerError(defect)) {
    const { reason } = defect
    if (reason._tag === "RouteNotFound") {
      return problem("routeNotFound", `There is no ${request.method} ${pathOf(request)}.`)
    }
    if (reason._tag === "RequestParseError") {
      return problem("invalidRequest", "The body of the request cannot be read.")
    }
  }
  return undefined
}

const pathOf = ({ url }: HttpServerRequest.HttpServerRequest): string => url.split("?", 1)[0] ?? url

/** Answers 405 and the allowed methods: the path exists, but not with this method. */
const methodNotAllowed = (request: HttpServerRequest.HttpServerRequest, allowed: ReadonlyArray<string>) =>
  HttpServerResponse.setHeader(
    problemResponse(
      problem("methodNotAllowed", `There is no ${request.method} ${pathOf(request)}.`, { allowed }),
    ),
    "allow",
    allowed.join(", "),
  )

const isRouteNotFound = (reason: Cause.Reason<unknown>): boolean =>
  reason._tag === "Fail" &&
  HttpServerError.isHttpServerError(reason.error) &&
  reason.error.reason._tag === "RouteNotFound"

const explain = <E>(
  cause: Cause.Cause<E>,
  request: HttpServerRequest.HttpServerRequest,
  methodsAt: MethodsAt,
) => {
  const allowed = cause.reasons.some(isRouteNotFound) ? methodsAt(request.url) : []
  if (allowed.length > 0) return Effect.succeed(methodNotAllowed(request, allowed))
  const known = cause.reasons
    .map((reason) => {
      if (reason._tag === "Interrupt") return undefined
      return problemOfDefect(reason._tag === "Fail" ? reason.error : reason.defect, request)
    })
    .find((found) => found !== undefined)
  if (known !== undefined) return Effect.succeed(problemResponse(known))
  return Effect.logError(`${request.method} ${pathOf(request)} failed`, cause).pipe(
    Effect.as(problemResponse(INTERNAL)),
  )
}

/** Turns an answer that the HTTP layer made without a body into a problem. */
const asProblem = (
  response: HttpServerResponse.HttpServerResponse,
  request: HttpServerRequest.HttpServerRequest,
): HttpServerResponse.HttpServerResponse => {
  if (response.status !== 415) return response
  const given = request.headers["content-type"] ?? "none"
  return problemResponse(problem("unsupportedMediaType", `Content-Type is ${given}.`, { given }))
}

/** Wraps every route of an API, and the answer for routes that do not exist. */
export const layerProblemResponses = (methodsAt: MethodsAt) =>
  HttpRouter.middleware(
    (handler) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
        handler.pipe(
          Effect.map((response) => asProblem(response, request)),
          Effect.catchCause((cause) =>
            Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : explain(cause, request, methodsAt),
          ),
        ),
      ),
    { global: true },
  )
