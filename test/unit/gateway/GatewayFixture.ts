/** A gateway on a system in memory, and a client that calls it as a program would. */
import { onTestFinished } from "vitest"
import { type Gateway, type GatewayOptions, makeGateway } from "../../../infra/http.ts"
import { type MemoryOptions, startMemory } from "../../fixtures/memory/MemorySystem.ts"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any
}

export type Call = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>

/** Calls the handler as a program does; a body that is a string goes out as it is. */
export const callOf =
  (fetch: (request: Request) => Promise<Response>, origin = "http://localhost"): Call =>
  async (method, path, body, headers = {}) => {
    const response = await fetch(
      new Request(origin + path, {
        method,
        headers: {
          ...(method === "GET" || method === "HEAD" ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    const isJson = response.headers.get("content-type")?.includes("json") === true && text !== ""
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }

export interface GatewayFixture {
  readonly gateway: Gateway
  readonly call: Call
}

/** A gateway that ends with the test. */
export const startGateway = async (
  options: GatewayOptions = {},
  system: MemoryOptions = {},
): Promise<GatewayFixture & Awaited<ReturnType<typeof startMemory>>> => {
  const started = await startMemory(system)
  const gateway = makeGateway(started.system, options)
  onTestFinished(() => gateway.close())
  return { ...started, gateway, call: callOf(gateway.fetch) }
}

/** Lets everybody do everything, under a name. */
export const asUser =
  (user: string): NonNullable<GatewayOptions["authorize"]> =>
  () => ({ user })

/** Value of a series in the text of the metrics; 0 without one. All systems of a process share their histograms. */
export const countIn = (text: string, series: string): number => {
  const line = text.split("\n").find((each) => each.startsWith(`${series} `))
  return Number(line?.slice(series.length) ?? 0)
}
