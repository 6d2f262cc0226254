/**
 * `makeGateway(system, options)`: a system over HTTP, from its definitions alone.
 *
 * Owns the walk of a request: the checks of its sender (infra/http/RequestGuard.ts), its route
 * (RouteTable.ts), what the caller may do (Access.ts), its body, and then the routes (GatewayHandler.ts). An
 * answer of any kind leaves through Answers.ts.
 */
import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Fiber } from "effect"
import { effectFaceOf, type ActorSystem as PromiseActorSystem } from "../../runtime/promise/ActorSystem.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { boundedBody, TOO_LARGE } from "../http/BoundedBody.ts"
import { setUser, userIn } from "../http/Caller.ts"
import { isLoopback } from "../http/Loopback.ts"
import { INTERNAL, type Problem, problem } from "../http/Problem.ts"
import { CORRELATION_HEADER } from "../http/ProblemResponses.ts"
import { type RequestGuard, requestGuard, SAFE_METHODS } from "../http/RequestGuard.ts"
import type { AccessRequest, Nearness, Principal } from "./Access.ts"
import { guarded, problemAnswer } from "./Answers.ts"
import { Authorisation, SESSION_PATH } from "./Authorisation.ts"
import { ConsoleFiles, redirect } from "./ConsoleFiles.ts"
import { exposureOf, unknownTypes } from "./Exposure.ts"
import { type GatewayHandler, gatewayHandler } from "./GatewayHandler.ts"
import type { GatewayOptions, ListenOptions } from "./GatewayOptions.ts"
import { InvalidGatewayOption } from "./InvalidGatewayOption.ts"
import { type Listening, listenOn, nodeHandler } from "./NodeListener.ts"
import { isRecorded, recorded } from "./OperationRecord.ts"
import { ownAnswer } from "./OwnRoutes.ts"
import type { FoundRoute } from "./RouteTable.ts"
import { Tokens } from "./Tokens.ts"

/** A system on HTTP. */
export interface Gateway {
  /** Answers one request; never rejects. Mounts wherever a web-standard handler does. */
  readonly fetch: (request: Request) => Promise<Response>
  /** The same as a listener of `node:http`, for Express and others on it. */
  readonly node: (incoming: IncomingMessage, outgoing: ServerResponse) => void
  /**
   * Opens a port. Rejects with `InvalidGatewayOption` for an address that others can reach, if there are neither
   * `tokens` nor `authorize`.
   */
  readonly listen: (options?: ListenOptions) => Promise<Listening>
  /** Ends streams, closes what `listen` has opened, and answers no more. The system goes on. */
  readonly close: () => Promise<void>
}

/** Makes the gateway of a running system. Throws `InvalidGatewayOption`. */
export const makeGateway = (
  system: PromiseActorSystem | ActorSystemService,
  options: GatewayOptions = {},
): Gateway => {
  const running = new RunningGateway(system, options)
  return {
    fetch: (request) => running.answer(request, "unknown"),
    node: nodeHandler((request) => running.answer(request, "unknown")),
    listen: (where = {}) => running.listen(where),
    close: () => running.close(),
  }
}

/** Largest request body, in bytes. */
const BODY_BYTES_MAX = 256 * 1024

/** Headers that a client cannot send from a page without asking the service first (a CORS preflight). */
const CUSTOM_HEADERS = ["authorization", "idempotency-key", "x-everstate", "x-requested-with"] as const

class RunningGateway {
  readonly #options: GatewayOptions
  readonly #basePath: string
  readonly #guard: RequestGuard
  readonly #authorisation: Authorisation
  readonly #handler: GatewayHandler
  readonly #console: ConsoleFiles | undefined
  readonly #listening = new Set<Listening>()

  constructor(system: PromiseActorSystem | ActorSystemService, options: GatewayOptions) {
    this.#options = options
    this.#basePath = basePathOf(options.basePath)
    this.#guard = requestGuard(options.allowedHosts)
    this.#console = options.console === true ? consoleFiles() : undefined
    this.#authorisation = new Authorisation({
      tokens: options.tokens === undefined ? undefined : Tokens.read(options.tokens),
      authorize: options.authorize,
      cookiePath: this.#basePath === "" ? "/" : this.#basePath,
    })
    const face = faceOf(system)
    const [unknown] = unknownTypes(face.service.given, options.expose)
    if (unknown !== undefined) {
      const hint = "Name types of actors and sagas that the system was given."
      throw new InvalidGatewayOption({
        option: "expose",
        detail: `the system has no type "${unknown}"`,
        hint,
      })
    }
    const exposure = exposureOf(face.service.given, options.expose)
    this.#handler = gatewayHandler({
      ...face,
      exposure,
      basePath: this.#basePath,
      application: options.openapi,
    })
  }

  /** The walk of a request. */
  async answer(request: Request, nearness: Nearness): Promise<Response> {
    const startMs = performance.now()
    const correlationId = request.headers.get(CORRELATION_HEADER) ?? randomUUID()
    let response: Response
    try {
      response = await this.#checked(request, correlationId, nearness)
    } catch (cause) {
      this.#handler.logDefect(`${request.method} ${new URL(request.url).pathname} failed`, cause)
      response = problemAnswer(INTERNAL)
    }
    const answer = guarded(response)
    if (!answer.headers.has(CORRELATION_HEADER)) answer.headers.set(CORRELATION_HEADER, correlationId)
    this.#handler.measure(request.method, answer.status, performance.now() - startMs)
    return answer
  }

  async #checked(request: Request, correlationId: string, nearness: Nearness): Promise<Response> {
    const refusal = this.#guard(guardedRequest(request))
    if (refusal !== undefined) return refused(problem(refusal.kind, refusal.detail))
    const url = this.#pathIn(request)
    if (url === undefined) return this.#notFound(request)
    const page = this.#console?.answer(request, url.split("?", 1)[0] ?? url)
    if (page !== undefined) return page
    const route = this.#handler.routes.find(request.method, url)
    if (route === undefined && this.#options.routes === undefined) return this.#notFound(request, url)
    if (!isDeliberate(request)) {
      const detail = "A request that changes something says Content-Type: application/json."
      return refused(problem("unsupportedMediaType", detail))
    }
    const caller = isOpen(route) ? NOBODY : await this.#authorisation.decide(asked(request, route), nearness)
    if ("problem" in caller) return refused(caller.problem, caller.headers)
    const contentLength = request.headers.get("content-length")
    const body = await boundedBody({ body: request.body, contentLength }, BODY_BYTES_MAX)
    if (body === TOO_LARGE) {
      const detail = `The body is larger than ${BODY_BYTES_MAX} bytes.`
      return refused(problem("payloadTooLarge", detail, { limitBytes: BODY_BYTES_MAX }))
    }
    if (route?.operation === SESSION_PATH) return this.#authorisation.session(request, body, nearness)
    const inner = innerRequest(request, url, body, correlationId, this.#userOf(request, caller))
    if (route !== undefined) return this.#answered(inner, route)
    const { routes } = this.#options
    const own = routes && (await ownAnswer(routes, inner, caller, this.#handler.logDefect))
    return own ?? this.#notFound(request, url)
  }

  /** Name of the caller. What the client says of itself counts only where nobody decides who asks. */
  #userOf({ headers }: Request, { user }: Principal): string | undefined {
    return this.#authorisation.knowsCallers ? user : userIn(headers)
  }

  #answered(request: Request, route: FoundRoute): Promise<Response> {
    const { fetch } = this.#handler
    return isRecorded(route) ? recorded(this.#handler, request, route, fetch) : fetch(request)
  }

  /** The path and query below the base path; `undefined` for other paths. */
  #pathIn(request: Request): string | undefined {
    const { pathname, search } = new URL(request.url)
    const base = this.#basePath
    if (base === "") return pathname + search
    if (pathname === base) return `/${search}`
    return pathname.startsWith(`${base}/`) ? pathname.slice(base.length) + search : undefined
  }

  #notFound({ method, url }: Request, path?: string): Response {
    const { pathname } = new URL(url)
    if (this.#console !== undefined && method === "GET" && path?.split("?", 1)[0] === "/") {
      return redirect(`${pathname.slice(pathname.lastIndexOf("/") + 1)}/console/`.replace(/^\//, ""))
    }
    const detail = `There is no ${method} ${pathname}.`
    const allowed = path === undefined ? [] : this.#handler.methodsAt(path)
    return allowed.length === 0
      ? problemAnswer(problem("routeNotFound", detail))
      : problemAnswer(problem("methodNotAllowed", detail, { allowed }), { allow: allowed.join(", ") })
  }

  async listen({ port = 0, host = "127.0.0.1" }: ListenOptions): Promise<Listening> {
    const isNear = isLoopback(host)
    if (!isNear && !this.#authorisation.knowsCallers) {
      throw new InvalidGatewayOption({
        option: "host",
        detail: `${host} can be reached from other machines, and there are neither \`tokens\` nor \`authorize\``,
        hint: "Give `tokens` or `authorize`, or listen on 127.0.0.1.",
      })
    }
    const nearness = isNear ? "this machine" : "unknown"
    const opened = await listenOn((request) => this.answer(request, nearness), { port, host })
    const close = async () => {
      this.#listening.delete(listening)
      await opened.close()
    }
    const listening: Listening = { ...opened, close }
    this.#listening.add(listening)
    return listening
  }

  async close(): Promise<void> {
    await this.#handler.endStreams()
    await Promise.all([...this.#listening].map(({ close }) => close()))
    await this.#handler.dispose()
  }
}

const faceOf = (system: PromiseActorSystem | ActorSystemService) => {
  // Inside of an Effect, the gateway logs where that Effect does.
  if ("given" in system) return { service: system, context: Fiber.getCurrent()?.context }
  const face = effectFaceOf(system)
  if (face !== undefined) return face
  throw new InvalidGatewayOption({
    option: "system",
    detail: "it is no system of this package",
    hint: "Give what `ActorSystem.start` returns, or the service `ActorSystem` of everstate/effect. Have one copy of everstate installed.",
  })
}

const consoleFiles = (): ConsoleFiles => {
  const files = ConsoleFiles.load()
  if (files !== undefined) return files
  throw new InvalidGatewayOption({
    option: "console",
    detail: "the files of the console are missing",
    hint: "In a clone of the repository, run `npm run console` first.",
  })
}

const basePathOf = (given = ""): string => {
  const path = given.replace(/\/+$/, "")
  if (path === "" || /^(\/[\w.~-]+)+$/.test(path)) return path
  throw new InvalidGatewayOption({
    option: "basePath",
    detail: `"${given}"`,
    hint: 'Give a path as in "/api": it starts with "/" and has letters, digits, "-", "_", "." and "~".',
  })
}

/** What the guard looks at. A handler without a header `Host` has the host in the URL. */
const guardedRequest = (request: Request) => {
  const headers = Object.fromEntries(request.headers)
  headers["host"] ??= new URL(request.url).host
  return { method: request.method, headers, hasBody: request.body !== null }
}

/** Whether a program or a page of the service itself must have made the request, if it changes something. */
const isDeliberate = ({ method, headers }: Request): boolean =>
  SAFE_METHODS.has(method) ||
  headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() === "application/json" ||
  CUSTOM_HEADERS.some((name) => headers.has(name))

/** Refuses a request whose body was not read: the connection ends, because the body would come next on it. */
const refused = (given: Problem, headers: Readonly<Record<string, string>> = {}): Response =>
  problemAnswer(given, { ...headers, connection: "close" })

/** The caller of a route that is open to everybody. */
const NOBODY: Principal = { user: undefined }

const isOpen = (route: FoundRoute | undefined): boolean => route?.verb === "open"

/** The question that a request puts to `authorize`. */
const asked = (request: Request, route: FoundRoute | undefined): AccessRequest => {
  const { verb = "route", operation = "route", ...names } = route ?? {}
  return { request: withoutBody(request), verb: verb === "open" ? "route" : verb, operation, ...names }
}

const withoutBody = ({ url, method, headers, signal }: Request): Request =>
  new Request(url, { method, headers, signal })

/** The request as routes see it: without the base path, its body in memory, from the caller. */
const innerRequest = (
  request: Request,
  path: string,
  body: Uint8Array<ArrayBuffer> | undefined,
  correlationId: string,
  user: string | undefined,
): Request => {
  const headers = new Headers(request.headers)
  headers.set(CORRELATION_HEADER, correlationId)
  setUser(headers, user)
  headers.delete("transfer-encoding")
  return new Request(`${new URL(request.url).origin}${path}`, {
    method: request.method,
    headers,
    signal: request.signal,
    ...(body === undefined ? {} : { body }),
  })
}
