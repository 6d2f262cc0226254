/**
 * The options of a gateway.
 *
 * Owns their shape. What they mean for requests: Gateway.ts. The error for options that cannot be:
 * InvalidGatewayOption.ts.
 */
import type { Authorize, Principal } from "./Access.ts"
import type { Expose } from "./Exposure.ts"
import type { TokensOptions } from "./Tokens.ts"

/**
 * Routes of the application beside those of the gateway: answers a request, or `undefined` for a path that it
 * has not. Paths of the gateway come first. The request's URL has no base path; its body is in memory. An error of
 * this package that it throws becomes the problem document that the gateway's routes have for it, every other
 * error 500 without its text, and a line in the log.
 */
export type ApplicationRoutes = (
  request: Request,
  caller: Principal,
) => Promise<Response | undefined> | Response | undefined

/** Options of the gateway: where it is mounted, who may do what, and its limits. */
export interface GatewayOptions {
  /** Path under which the gateway is mounted, as in `/api`. Default: none. */
  readonly basePath?: string
  /**
   * Decides about each request. Without it and without `tokens`, `listen` answers on the loopback address only,
   * and `fetch` refuses operators' verbs.
   */
  readonly authorize?: Authorize
  /**
   * Bearer tokens with the roles `viewer` and `operator`, for services without an identity provider. With
   * `authorize` as well, a request without a known token is for `authorize`.
   */
  readonly tokens?: TokensOptions
  /** The types and commands that callers see. Default: all of the system. */
  readonly expose?: Expose
  /**
   * Host names that the gateway answers to, besides `localhost` and IP addresses: `shop.example`,
   * `*.shop.example` for every name below, `*` for any.
   */
  readonly allowedHosts?: ReadonlyArray<string>
  /** Routes of the application, behind the same checks; authorised with the verb `route`. */
  readonly routes?: ApplicationRoutes
  /** OpenAPI document of `routes`, shown together with the gateway's own. */
  readonly openapi?: { readonly [field: string]: unknown }
  /**
   * Serves the console under `/console`, and leads from `/` to it unless `routes` answers there. Default: false.
   * Throws `InvalidGatewayOption` if the files of the console have not been built.
   */
  readonly console?: boolean
}

/** Where a gateway listens. */
export interface ListenOptions {
  /** Port; 0 for any free one, which is the default. */
  readonly port?: number
  /** Address of this machine, default `127.0.0.1`. */
  readonly host?: string
}
