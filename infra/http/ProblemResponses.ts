/**
 * The outermost layer of the service: every error leaves it as a problem document, and every answer carries
 * the correlation id of its request.
 *
 * Owns the errors that no handler turned into a problem: no such route, malformed JSON, a body over the
 * limit, a defect. Problem.ts says what each error means. RequestGuard.ts refuses requests from other sites.
 */
import { randomUUID } from "node:crypto"
import { ByteSize, Cause, Clock, Effect, SchemaIssue } from "effect"
import {
  Headers,
  HttpIncomingMessage,
  HttpRouter,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse,
  ProblemDetails,
} from "effect/http"
import { HttpApiError } from "effect/http-api"
import type { RequestMetrics } from "../telemetry/RequestMetrics.ts"
import type { MethodsAt } from "./ApiMethods.ts"
import { type Problem, passes, problem, RETRY_AFTER_SECONDS } from "./Problem.ts"
import type { RequestGuard } from "./RequestGuard.ts"

/** Largest request body, in bytes. */
export const BODY_BYTES_MAX = 256 * 1024

/** Header with the id of the business transaction; the service makes one if the client sends none. */
export const CORRELATION_HEADER = "x-correlation-id"

/** The problem as a response. */
export const problemResponse = (given: Problem): HttpServerResponse.HttpServerResponse => {
  const response = ProblemDetails.toResponse(given)
  return passes(given.status)
    ? HttpServerResponse.setHeader(response, "retry-after", String(RETRY_AFTER_SECONDS))
    : response
}

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

const tooLarge = (): Problem =>
  problem("payloadTooLarge", `The body is larger than ${BODY_BYTES_MAX} bytes.`, {
    limitBytes: BODY_BYTES_MAX,
  })

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
      return reason.reason === "BodyTooLarge"
        ? tooLarge()
        : problem("invalidRequest", "The body of the request cannot be read.")
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
  const said = problem("internal", "This is a defect of the service; its log says more.")
  return Effect.logError(`${request.method} ${pathOf(request)} failed`, cause).pipe(
    Effect.as(problemResponse(said)),
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

const declaredBytes = ({ headers }: HttpServerRequest.HttpServerRequest): number =>
  Number(headers["content-length"] ?? 0)

/**
 * Refuses a request before its body is read. The connection ends, because the unread body would come next on
 * it.
 */
const refused = (given: Problem): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeader(problemResponse(given), "connection", "close")

export interface ProblemResponsesOptions {
  readonly metrics: RequestMetrics
  readonly guard: RequestGuard
  /** Look-up of the API whose routes are wrapped. */
  readonly methodsAt: MethodsAt
}

/** Wraps every route, and the answer for routes that do not exist. */
export const layerProblemResponses = ({ metrics, guard, methodsAt }: ProblemResponsesOptions) =>
  HttpRouter.middleware(
    (handler) =>
      Effect.gen(function* () {
        const started = yield* Clock.currentTimeNanos
        const received = yield* HttpServerRequest.HttpServerRequest
        const correlationId = received.headers[CORRELATION_HEADER] ?? randomUUID()
        const request = received.modify({
          headers: Headers.set(received.headers, CORRELATION_HEADER, correlationId),
        })
        const refusal = guard(request)
        const answer =
          refusal !== undefined
            ? refused(problem(refusal.kind, refusal.detail))
            : declaredBytes(request) > BODY_BYTES_MAX
              ? refused(tooLarge())
              : yield* handler.pipe(
                  Effect.provideService(HttpServerRequest.HttpServerRequest, request),
                  Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(BODY_BYTES_MAX)),
                  Effect.map((response) => asProblem(response, request)),
                  Effect.catchCause((cause) =>
                    Cause.hasInterruptsOnly(cause)
                      ? Effect.failCause(cause)
                      : explain(cause, request, methodsAt),
                  ),
                )
        yield* metrics.answered(request.method, answer.status, (yield* Clock.currentTimeNanos) - started)
        return HttpServerResponse.setHeader(answer, CORRELATION_HEADER, correlationId)
      }),
    { global: true },
  )
