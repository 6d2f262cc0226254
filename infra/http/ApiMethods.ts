/**
 * The methods that an API has for a path, so that an answer 405 can name them.
 *
 * Owns the look-up alone. ProblemResponses.ts answers 405.
 */
import { FindMyWay } from "effect/http"

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
  const methodsByPath = FindMyWay.make<true>()
  for (const group of Object.values(api.groups)) {
    for (const { method, path } of Object.values(group.endpoints)) {
      methodsByPath.on(method as Method, path as `/${string}`, true)
    }
  }
  return (url) => METHODS.filter((method) => methodsByPath.find(method, url) !== undefined)
}
