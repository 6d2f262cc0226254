/**
 * Web responses that a gateway makes before or after its routes: problems, and the headers that protect pages.
 *
 * Owns the security headers of every answer.
 */
import { type Problem, passes, RETRY_AFTER_SECONDS } from "../http/Problem.ts"

/** Policy of an answer that is no page: nothing may be loaded, nobody may frame it. */
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'"

/** Headers of every answer, unless the route has set its own. */
const PROTECTION: ReadonlyArray<readonly [string, string]> = [
  ["x-content-type-options", "nosniff"],
  ["content-security-policy", NO_PAGE],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
  ["cache-control", "no-cache, private"],
]

/** Adds the headers that protect pages and answers. */
export const guarded = (response: Response): Response => {
  const missing = PROTECTION.filter(([name]) => !response.headers.has(name))
  const headers = new Headers(response.headers)
  for (const [name, value] of missing) headers.set(name, value)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

export const PROBLEM_CONTENT_TYPE = "application/problem+json"

/** The problem as a response. */
export const problemAnswer = (given: Problem, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(JSON.stringify(given), {
    status: given.status,
    headers: {
      "content-type": PROBLEM_CONTENT_TYPE,
      ...(passes(given.status) ? { "retry-after": String(RETRY_AFTER_SECONDS) } : {}),
      ...headers,
    },
  })
