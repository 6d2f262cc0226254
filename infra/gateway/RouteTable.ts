/**
 * The routes of a gateway by method and path: what each does, before it runs.
 *
 * Owns the look-up and the verbs that no endpoint names by itself: the manual commands of a saga are
 * operators' verbs. Who asks: Gateway.ts.
 */
import { Context } from "effect"
import { FindMyWay } from "effect/http"
import { PATH_PARAMETER_LENGTH_MAX } from "../http/ApiMethods.ts"
import type { GatewayVerb } from "./Access.ts"
import { type Exposure, isOperatorsCommand } from "./Exposure.ts"
import { Verb } from "./GatewayEndpoint.ts"

/** What a route does; `open` routes are for everybody. */
export type RouteVerb = GatewayVerb | "open"

/** A route that is no endpoint of the API. */
export interface PlainRoute {
  readonly method: "GET" | "POST" | "DELETE"
  readonly path: `/${string}`
  readonly verb: RouteVerb
}

/** The route of a request. */
export interface FoundRoute {
  readonly verb: RouteVerb
  /** `group.endpoint`, or the path of a plain route. */
  readonly operation: string
  readonly type?: string
  readonly id?: string
  readonly command?: string
}

interface Endpoint {
  readonly method: string
  readonly path: string
  readonly identifier: string
  readonly annotations: Context.Context<never>
}

/** The part of an `HttpApi` that the table needs. */
interface Endpoints {
  readonly groups: Readonly<
    Record<string, { readonly identifier: string; readonly endpoints: Readonly<Record<string, Endpoint>> }>
  >
}

type Method = "GET" | "POST" | "PUT" | "DELETE"

interface Entry {
  readonly verb: RouteVerb
  readonly operation: string
}

export class RouteTable {
  readonly #routes = FindMyWay.make<Entry>({ maxParamLength: PATH_PARAMETER_LENGTH_MAX })
  readonly #exposure: Exposure

  constructor(api: Endpoints, plain: ReadonlyArray<PlainRoute>, exposure: Exposure) {
    this.#exposure = exposure
    for (const { identifier: group, endpoints } of Object.values(api.groups)) {
      for (const { method, path, identifier, annotations } of Object.values(endpoints)) {
        const verb = Context.getOrElse(annotations, Verb, () => (method === "GET" ? "inspect" : "operate"))
        const entry = { verb, operation: `${group}.${identifier}` }
        this.#routes.on(method as Method, path as `/${string}`, entry)
      }
    }
    for (const { method, path, verb } of plain) this.#routes.on(method, path, { verb, operation: path })
  }

  /** The route of a method and URL; `undefined` if there is none. */
  find(method: string, url: string): FoundRoute | undefined {
    const found = this.#routes.find((method === "HEAD" ? "GET" : method) as Method, url)
    if (found === undefined) return undefined
    const { type, id, command } = found.params
    const verb = this.#verbOf(found.handler, type, command, found.searchParams["via"] === "tell")
    return {
      verb,
      operation: found.handler.operation,
      ...(type === undefined ? {} : { type }),
      ...(id === undefined ? {} : { id }),
      ...(command === undefined ? {} : { command }),
    }
  }

  #verbOf(
    { verb }: Entry,
    type: string | undefined,
    command: string | undefined,
    isTell: boolean,
  ): RouteVerb {
    if (verb !== "ask" || type === undefined) return verb
    if (isOperatorsCommand(this.#exposure.get(type), command)) return "operate"
    return isTell ? "tell" : "ask"
  }
}
