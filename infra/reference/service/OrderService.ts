/**
 * The order service: the system, its read side, and its gateway with the routes of orders in it.
 *
 * Owns their order. A start opens journal and database first, then the port. A stop runs backwards: first the
 * gateway, which answers the requests that it has, then the system drains, then connections close.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import { HttpServerError } from "effect/http"
import { ActorSystem, type NodeOptions } from "../../effect.ts"
import { everybody } from "../../gateway/Access.ts"
import { type InvalidGatewayOption, makeGateway, type TokensOptions } from "../../http.ts"
import { PostgresPool } from "../../postgres/PostgresPool.ts"
import { layer as layerSystem, type StartError } from "../../system/ActorSystem.ts"
import { MailerFolder } from "../mail/MailerFolder.ts"
import { PaymentProviderHttp } from "../payments/PaymentProviderHttp.ts"
import { type Flow, hosted, namespaceOf } from "./Hosted.ts"
import { OrderReads } from "./OrderReads.ts"
import { acquireOrderRoutes } from "./OrderRoutes.ts"

/** Connections of the queries, besides those of the system. */
const QUERY_CONNECTIONS_MAX = 6

export interface OrderServiceOptions {
  readonly nats: string
  readonly postgres: string
  /** Address of the payment provider. */
  readonly provider: string
  /** Folder into which mails are written. */
  readonly mailFolder: string
  readonly flow: Flow
  /** How this process takes part in the cluster. */
  readonly node?: NodeOptions
  /** This start prepares the namespace: see `StartOptions`. */
  readonly isPreparation?: boolean
  /** Port to listen on; 0 for any free one. */
  readonly port: number
  readonly host: string
  /** Further host names that the service answers to. */
  readonly allowedHosts?: ReadonlyArray<string>
  /** Tokens of callers. */
  readonly tokens?: TokensOptions | undefined
  /**
   * Without tokens: everybody who reaches the service may do everything, under the name that they give. Default:
   * false, then callers on this machine alone, and `host` must be an address of its own.
   */
  readonly isOpen?: boolean
  /** Serves the console, whose files must have been built. Default: false. */
  readonly hasConsole?: boolean
}

/** Starts the service, which ends with the scope. Returns its address. */
export const acquireOrderService = Effect.fnUntraced(function* (
  options: OrderServiceOptions,
): Effect.fn.Return<string, StartError | InvalidGatewayOption | HttpServerError.ServeError, Scope.Scope> {
  const {
    nats,
    postgres,
    flow,
    node,
    port,
    host,
    allowedHosts = [],
    tokens,
    isOpen = false,
    hasConsole = false,
  } = options
  const namespace = namespaceOf(flow)
  const system = layerSystem({
    nats,
    postgres,
    namespace,
    ...(node === undefined ? {} : { node }),
    isPreparation: options.isPreparation ?? false,
    ...hosted({
      flow,
      provider: new PaymentProviderHttp(options.provider),
      mailer: new MailerFolder(options.mailFolder),
    }),
  })
  const pool = PostgresPool.layer({
    url: postgres,
    applicationName: "everstate queries",
    connectionCountMax: QUERY_CONNECTIONS_MAX,
  })
  const context = yield* Layer.build(Layer.merge(system, Layer.provide(OrderReads.layer(namespace), pool)))
  const orders = yield* acquireOrderRoutes(context)
  const made = Effect.try({
    try: () =>
      makeGateway(Context.get(context, ActorSystem), {
        ...orders,
        ...(tokens === undefined ? {} : { tokens }),
        ...(tokens === undefined && isOpen ? { authorize: everybody } : {}),
        allowedHosts: [host, ...allowedHosts],
        console: hasConsole,
      }),
    catch: (error) => error as InvalidGatewayOption,
  })
  const gateway = yield* Effect.acquireRelease(made, (running) => Effect.promise(() => running.close()))
  const { url } = yield* Effect.tryPromise({
    try: () => gateway.listen({ port, host }),
    catch: (cause) => new HttpServerError.ServeError({ cause }),
  })
  return url
})
