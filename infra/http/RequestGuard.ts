/**
 * Refuses requests that a page of another site makes a browser send. The service asks for no password, so
 * such a request would be taken.
 *
 * Owns three checks. `Host`: a page can make its own name point at this machine (DNS rebinding). The browser
 * then sees the same origin, and only the name in `Host` shows the attack. `Sec-Fetch-Site` and `Origin`, on
 * methods that change something: the browser sets both, and a page cannot. The content type of a body: a form
 * or a script of another site can send a few types without a preflight, and JSON is none of them. Programs
 * send neither header and pass. The second check has the order of Go's `http.CrossOriginProtection`.
 */
import { isIP } from "node:net"

/** Methods that change nothing. */
export const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"])

export interface GuardedRequest {
  readonly method: string
  /** Headers by name, in lower case. */
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  /** Whether there is a body. Default: what the headers say. */
  readonly hasBody?: boolean
}

/** Why a request is refused. */
export interface GuardRefusal {
  readonly kind: "foreignHost" | "crossOrigin" | "unsupportedMediaType"
  readonly detail: string
}

/** Undefined if the request may pass. */
export type RequestGuard = (request: GuardedRequest) => GuardRefusal | undefined

/**
 * A guard that takes requests to IP addresses, to `localhost`, and to the names in `allowedHosts`:
 * `shop.example` is that name, `*.shop.example` every name below it, `*` any name.
 */
export const requestGuard = (allowedHosts: ReadonlyArray<string> = []): RequestGuard => {
  const isAllowed = hostMatcher(["localhost", "*.localhost", ...allowedHosts])
  return ({ method, headers, hasBody }) => {
    const header = (name: string): string | undefined => {
      const value = headers[name]
      return value === undefined || typeof value === "string" ? value : value.join(", ")
    }
    const host = header("host")
    // Only requests of HTTP/1.0 have no `Host`, and no browser sends those.
    if (host !== undefined && !isAllowed(host)) {
      return { kind: "foreignHost", detail: `The request is for "${host}".` }
    }
    if (SAFE_METHODS.has(method)) return undefined
    const site = header("sec-fetch-site")
    const origin = header("origin")
    const isForeign =
      site === undefined
        ? origin !== undefined && hostOfOrigin(origin) !== host?.toLowerCase()
        : site !== "same-origin" && site !== "none"
    if (isForeign) {
      return {
        kind: "crossOrigin",
        detail: `A page of ${origin ?? `another site (${site})`} sent the request.`,
      }
    }
    if (!(hasBody ?? announcesBody(header)) || isJson(header("content-type"))) return undefined
    return { kind: "unsupportedMediaType", detail: `Content-Type is ${header("content-type") ?? "none"}.` }
  }
}

/**
 * `http://127.0.0.1:3000` → `127.0.0.1:3000`. The scheme is ignored: a proxy may speak https where this
 * service hears http.
 */
const hostOfOrigin = (origin: string): string | undefined =>
  /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1]

const announcesBody = (header: (name: string) => string | undefined): boolean =>
  header("transfer-encoding") !== undefined || Number(header("content-length") ?? 0) !== 0

const isJson = (contentType: string | undefined): boolean =>
  contentType?.split(";", 1)[0]?.trim().toLowerCase() === "application/json"

const hostMatcher = (allowed: ReadonlyArray<string>): ((host: string) => boolean) => {
  const names = new Set(allowed.map((name) => name.toLowerCase()))
  return (host) => {
    const name = nameOf(host)
    // A request to an IP address passes: DNS cannot make it point elsewhere.
    if (name === undefined) return false
    if (isIP(name) !== 0 || names.has(name) || names.has("*")) return true
    const labels = name.split(".")
    return labels.some((_, index) => index > 0 && names.has(`*.${labels.slice(index).join(".")}`))
  }
}

/** `Shop.Example.:80` → `shop.example`, `[::1]:80` → `::1`; undefined if the text is no host. */
const nameOf = (host: string): string | undefined => {
  const [, address, name] = /^(?:\[([^\]]+)\]|([^:[\]/@\s]+?)\.?)(?::\d*)?$/.exec(host.toLowerCase()) ?? []
  return address ?? name
}
