/**
 * Calls of the gateway's routes.
 *
 * Owns where the gateway is, the headers of a request, and how an answer that is a problem becomes an error. What
 * the pages ask for: Queries.ts. Streams: Live.ts.
 */
import type { ProblemDocument } from "./Documents.ts"

/** Address of the console, with a slash at its end. The server puts it into the page. */
export const consoleUrl = new URL(document.baseURI)

/** Address of the gateway, which is one level above the console. */
export const gatewayUrl = new URL("../", consoleUrl)

export type Params = { readonly [name: string]: string | number | boolean | undefined }

/** Address of a route: the path's parts are escaped, undefined parameters are left out. */
export const urlOf = (parts: ReadonlyArray<string>, params: Params = {}): URL => {
  const url = new URL(parts.map(encodeURIComponent).join("/"), gatewayUrl)
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value))
  }
  return url
}

/** Why an answer is none. `status` 0: the service could not be reached. */
export class RequestFailed extends Error {
  readonly problem: ProblemDocument

  constructor(problem: ProblemDocument) {
    super(problem.detail ?? problem.title ?? `Status ${problem.status}`)
    this.problem = problem
  }

  get status(): number {
    return this.problem.status
  }
}

export interface Sent {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string }
  readonly signal?: AbortSignal
}

/** The body of the answer. Throws {@link RequestFailed}. */
export const call = async <Answer>(
  url: URL,
  { method = "GET", body, headers, signal }: Sent = {},
): Promise<Answer> => {
  const response = await fetch(url, {
    method,
    credentials: "same-origin",
    headers: {
      accept: "application/json",
      ...(method === "GET" ? {} : { "content-type": "application/json", "x-everstate": "console" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((cause: unknown) => {
    if (signal?.aborted === true) throw cause
    throw new RequestFailed({ status: 0 })
  })
  const isJson = response.headers.get("content-type")?.includes("json") === true
  if (response.ok) return (isJson ? await response.json() : undefined) as Answer
  throw new RequestFailed({ ...(isJson ? await response.json() : {}), status: response.status })
}

/** The text as the value of a header: each byte of its UTF-8 is one character. */
export const headerText = (given: string): string =>
  Array.from(new TextEncoder().encode(given), (byte) => String.fromCharCode(byte)).join("")
