/**
 * Who may do what through a gateway: the question that each request puts, and its answer.
 *
 * Owns the words of both and the rule for gateways without `authorize`. Which verb a route has: GatewayVerb in
 * the routes' files. Tokens with roles: Tokens.ts. Who asks: Gateway.ts.
 */
import { userIn } from "../http/Caller.ts"

/**
 * What a request wants to do.
 *
 * - `describe`: read what there is: types, documents, catalogs
 * - `read`: read one actor: its state, its history, its past
 * - `list`: list actors
 * - `watch`: follow one actor
 * - `ask`, `tell`, `spawn`: send a command to an actor, or have it born
 * - `dryRun`: decide a command without storing anything
 * - `route`: use a route of the application (`routes`)
 * - `inspect`: read what operators read: dead letters, cluster, projections, metrics, operations
 * - `operate`: change what operators change
 */
export const GATEWAY_VERBS = [
  "describe",
  "read",
  "list",
  "watch",
  "ask",
  "tell",
  "spawn",
  "dryRun",
  "route",
  "inspect",
  "operate",
] as const
/** What a request to the gateway does. */
export type GatewayVerb = (typeof GATEWAY_VERBS)[number]

/** The question of a request: may it do this? */
export interface AccessRequest {
  /** Method, URL and headers of the request. It has no body. */
  readonly request: Request
  readonly verb: GatewayVerb
  /** Name of the operation, as in the OpenAPI document: `actors.ask`, `deadLetters.redrive`. */
  readonly operation: string
  /** Actor type or saga type, if the request names one. */
  readonly type?: string
  /** Id of the actor, if the request names one. */
  readonly id?: string
  /** Type of the command, if the request sends one. */
  readonly command?: string
}

/** A caller that may do what it asked for. */
export interface Principal {
  /** Name of the caller: stored as `user` with the events of its commands. Undefined: nobody in particular. */
  readonly user: string | undefined
}

/** A caller that may not. */
export interface Refusal {
  /** `unauthenticated`: it is not known who asks (401). `forbidden`: the caller may not do this (403). */
  readonly refused: "unauthenticated" | "forbidden"
  /** Why, for the caller. */
  readonly detail?: string
}

/** Decides about each request. If it throws or rejects, the request fails with 500 and nothing is done. */
export type Authorize = (asked: AccessRequest) => Principal | Refusal | Promise<Principal | Refusal>

/** Lets everybody do everything, under the name that the request gives. */
export const everybody: Authorize = ({ request }) => ({ user: userIn(request.headers) })

/** The refusal of a request, for `authorize`. */
export const refuseAccess = (refused: Refusal["refused"], detail?: string): Refusal => ({
  refused,
  ...(detail === undefined ? {} : { detail }),
})

/** How near the caller of a gateway without `authorize` is known to be. */
export type Nearness = "this machine" | "unknown"

/** Verbs that a gateway without `authorize` refuses to callers that may be far away. */
const OPERATORS_VERBS: ReadonlySet<GatewayVerb> = new Set(["inspect", "operate"])

/**
 * The rule of gateways without `authorize`: callers on this machine may do everything; other callers may do
 * everything but operators' verbs.
 */
export const withoutAuthorize = (verb: GatewayVerb, nearness: Nearness): Principal | Refusal =>
  nearness === "this machine" || !OPERATORS_VERBS.has(verb)
    ? { user: undefined }
    : refuseAccess("forbidden", "This gateway has no `authorize`, so it refuses operators' verbs.")
