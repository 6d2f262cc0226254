/**
 * Who asks, and whether they may: tokens and sessions, then `authorize`, then the rule for gateways without.
 *
 * Owns the order of these three, and the routes of `/session`. The words: Access.ts. Who asks: Gateway.ts.
 */
import { type Problem, problem } from "../http/Problem.ts"
import {
  type AccessRequest,
  type Authorize,
  type GatewayVerb,
  type Nearness,
  type Principal,
  type Refusal,
  refuseAccess,
  withoutAuthorize,
} from "./Access.ts"
import { problemAnswer } from "./Answers.ts"
import { endedCookie, sessionCookie, sessionOf } from "./Session.ts"
import { type Holder, mayDo, type Role, type Tokens } from "./Tokens.ts"

/** Path of the session of a browser. */
export const SESSION_PATH = "/session"

/** Methods of that path. */
export const SESSION_METHODS = ["GET", "POST", "DELETE"] as const

/** Headers of requests that a proxy has passed on. */
const PROXY_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"] as const

interface AuthorisationOptions {
  readonly tokens: Tokens | undefined
  readonly authorize: Authorize | undefined
  /** Path of the cookie. */
  readonly cookiePath: string
}

/** A refusal as an answer. */
export interface Refused {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
}

export class Authorisation {
  readonly #options: AuthorisationOptions

  constructor(options: AuthorisationOptions) {
    this.#options = options
  }

  /** Whether it can be known who asks. */
  get knowsCallers(): boolean {
    return this.#options.tokens !== undefined || this.#options.authorize !== undefined
  }

  /** The caller, if it may do what it asks for. */
  async decide(asked: AccessRequest, nearness: Nearness): Promise<Principal | Refused> {
    const answer = await this.#answer(asked, nearness)
    if ("user" in answer) return answer
    const { refused: kind, detail = "The gateway's `authorize` refused the request." } = answer
    return {
      problem: problem(kind, detail, { verb: asked.verb }),
      headers: kind === "unauthenticated" ? { "www-authenticate": "Bearer" } : {},
    }
  }

  #answer(asked: AccessRequest, nearness: Nearness): Principal | Refusal | Promise<Principal | Refusal> {
    const { tokens, authorize } = this.#options
    const { request, verb } = asked
    const holder = tokens === undefined ? undefined : this.#holderOf(tokens, request)
    if (holder !== undefined) return granted(holder, verb)
    if (authorize !== undefined) return authorize(asked)
    if (tokens !== undefined)
      return refuseAccess("unauthenticated", "The request has no token that is known.")
    // A proxy on this machine passes on requests from anywhere.
    const near = PROXY_HEADERS.some((name) => request.headers.has(name)) ? "unknown" : nearness
    return withoutAuthorize(verb, near)
  }

  #holderOf(tokens: Tokens, request: Request): Holder | undefined {
    const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1]
    // A wrong token is not made good by a session.
    return bearer === undefined ? sessionOf(tokens, request, Date.now()) : tokens.holderOf(bearer)
  }

  /** `GET /session` says who asks, `POST` begins a session of a browser, `DELETE` ends it. */
  async session(request: Request, body: Uint8Array | undefined, nearness: Nearness): Promise<Response> {
    if (request.method === "POST") return this.#begin(request, body)
    if (request.method === "DELETE") {
      const ended = endedCookie(this.#options.cookiePath, isSecure(request))
      return new Response(null, { status: 204, headers: { "set-cookie": ended } })
    }
    const asked = (verb: GatewayVerb) => this.decide({ request, verb, operation: "session" }, nearness)
    const [viewer, operator] = await Promise.all([asked("inspect"), asked("operate")])
    const [describes] = [await asked("describe")]
    const caller = [operator, viewer, describes].find((one) => "user" in one)
    if (caller === undefined)
      return problemAnswer((describes as Refused).problem, (describes as Refused).headers)
    const role: Role | null = "user" in operator ? "operator" : "user" in viewer ? "viewer" : null
    return Response.json({ user: (caller as Principal).user ?? null, role })
  }

  #begin(request: Request, body: Uint8Array | undefined): Response {
    const { tokens, cookiePath } = this.#options
    if (tokens === undefined) {
      return problemAnswer(problem("routeNotFound", "This gateway has no tokens, so it has no sessions."))
    }
    const token = tokenIn(body)
    if (token === undefined) {
      const hint = 'Send { "token": "..." }.'
      return problemAnswer(problem("invalidRequest", "The body has no token.", { hint }))
    }
    const holder = tokens.holderOf(token)
    if (holder === undefined) {
      return problemAnswer(problem("unauthenticated", "The token is not known."), {
        "www-authenticate": "Bearer",
      })
    }
    const cookie = sessionCookie(holder, { path: cookiePath, isSecure: isSecure(request), nowMs: Date.now() })
    return Response.json({ user: holder.name, role: holder.role }, { headers: { "set-cookie": cookie } })
  }
}

const granted = ({ name, role }: Holder, verb: GatewayVerb): Principal | Refusal =>
  mayDo(role, verb)
    ? { user: name }
    : refuseAccess("forbidden", `The token has the role ${role}, and this takes the role operator.`)

const tokenIn = (body: Uint8Array | undefined): string | undefined => {
  try {
    const { token } = Object(JSON.parse(new TextDecoder().decode(body)))
    return typeof token === "string" ? token : undefined
  } catch {
    return undefined
  }
}

/** Whether the browser speaks TLS, to this process or to a proxy before it. */
const isSecure = ({ url, headers }: Request): boolean =>
  url.startsWith("https:") || headers.get("x-forwarded-proto") === "https"
