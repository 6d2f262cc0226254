/**
 * Which methods an API has for a path, so that a request with another one is told which would do.
 *
 * Owns the look-up alone. Who answers 405: ProblemResponses.ts.
 */
import { FindMyWay } from "effect/http"

const METHODS = ["GET", "PUT", "POST", "DELETE"] as const
type Method = (typeof METHODS)[number]

interface Endpoint {
  readonly method: string
  readonly path: string
}

/** What the look-up needs of an `HttpApi`. */
interface Endpoints {
  readonly groups: Readonly<Record<string, { readonly endpoints: Readonly<Record<string, Endpoint>> }>>
}

/** Methods that the API has for a URL; none where it has no such path. */
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
