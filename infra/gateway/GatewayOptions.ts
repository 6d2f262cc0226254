/**
 * The options of a gateway, and the error for options that cannot be.
 *
 * Owns both. What they mean for requests: Gateway.ts.
 */
import { Schema } from "effect"
import { errorClass } from "../../runtime/error/EverstateError.ts"
import type { Authorize, Principal } from "./Access.ts"
import type { Expose } from "./Exposure.ts"

/**
 * Routes of the application beside those of the gateway: answers a request, or `undefined` for a path that it
 * has not. Paths of the gateway come first. The request's URL has no base path; its body is in memory.
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
   * Decides about each request. Without it, `listen` answers on the loopback address only, and `fetch` refuses
   * operators' verbs.
   */
  readonly authorize?: Authorize
  /** The types and commands that callers see. Default: all of the system. */
  readonly expose?: Expose
  /**
   * Host names that the gateway answers to, besides `localhost` and IP addresses: `shop.example`,
   * `*.shop.example` for every name below, `*` for any.
   */
  readonly allowedHosts?: ReadonlyArray<string>
  /** Routes of the application, behind the same checks; authorised with the verb `route`. */
  readonly routes?: ApplicationRoutes
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

/** An option of the gateway has a value that it cannot have. */
export class InvalidGatewayOption extends errorClass<InvalidGatewayOption>()(
  "InvalidGatewayOption",
  {
    option: Schema.String,
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `Option ${this.option} of the gateway: ${this.detail}. ${this.hint}`
  }
}
