/**
 * The methods that an API has for a path, so that an answer 405 can name them, and a path can be known as another
 * API's.
 *
 * Owns the look-up alone. ProblemResponses.ts answers 405.
 */
import { FindMyWay } from "effect/http"

/**
 * Longest path parameter that is looked at, in characters: as long as Node's 16 KiB of headers allow.
 * So an id that is too long is answered as an invalid id, and not as a route that does not exist.
 */
export const PATH_PARAMETER_LENGTH_MAX = 16_384

const METHODS = ["GET", "PUT", "POST", "DELETE"] as const
type Method = (typeof METHODS)[number]

interface Endpoint {
  readonly method: string
  readonly path: string
}

/** The part of an `HttpApi` that the look-up needs. */
interface Endpoints {
  readonly groups: Readonly<Record<string, { readonly endpoints: Readonly<Record<string, Endpoint>> }>>
}

/** Methods that the API has for a URL; empty if it has no such path. */
export type MethodsAt = (url: string) => ReadonlyArray<string>

export const methodsOf = (api: Endpoints): MethodsAt => {
  const methodsByPath = FindMyWay.make<true>({ maxParamLength: PATH_PARAMETER_LENGTH_MAX })
  for (const group of Object.values(api.groups)) {
    for (const { method, path } of Object.values(group.endpoints)) {
      methodsByPath.on(method as Method, path as `/${string}`, true)
    }
  }
  return (url) => METHODS.filter((method) => methodsByPath.find(method, url) !== undefined)
}
