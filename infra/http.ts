/**
 * `everstate/http`: a system over HTTP. Every public name is in this list.
 *
 * @module everstate/http
 */
export {
  type AccessRequest,
  type Authorize,
  GATEWAY_VERBS,
  type GatewayVerb,
  type Principal,
  type Refusal,
  refuseAccess,
} from "./gateway/Access.ts"
export type { Expose } from "./gateway/Exposure.ts"
export { type Gateway, makeGateway } from "./gateway/Gateway.ts"
export type { ApplicationRoutes, GatewayOptions, ListenOptions } from "./gateway/GatewayOptions.ts"
export { InvalidGatewayOption } from "./gateway/InvalidGatewayOption.ts"
export type { Listening } from "./gateway/NodeListener.ts"
export type { TokensOptions } from "./gateway/Tokens.ts"
