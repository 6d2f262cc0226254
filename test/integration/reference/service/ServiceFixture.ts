/** One service on servers of its own for the tests of a file, and a client that keeps what tests look at. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll } from "vitest"
import type { ChildProgram } from "../../../../infra/cli/ChildProgram.ts"
import type { EmbeddedServers } from "../../../../infra/embedded.ts"
import { acquireDemoService } from "../../../../infra/reference/demo/DemoService.ts"
import { acquireProvider } from "../../../../infra/reference/payments/ProviderProgram.ts"
import type { Flow } from "../../../../infra/reference/service/Hosted.ts"
import { startNewServers } from "../../../fixtures/postgres/NewDatabase.ts"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any
}

export interface ServiceFixture {
  readonly servers: () => EmbeddedServers
  readonly service: () => ChildProgram
  readonly folder: string
  readonly call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>
}

export interface FixtureOptions {
  /** Flags of the fake payment provider. */
  readonly manners?: ReadonlyArray<string>
  /** Started instead of it: gives its address. */
  readonly provider?: () => Promise<string>
  /** Default: the service's own. */
  readonly flow?: Flow
}

/** Started before the first test of the file, ended after the last. */
export const serviceFixture = ({ manners = [], provider, flow }: FixtureOptions = {}): ServiceFixture => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-service-"))
  const scope = Effect.runSync(Scope.make())
  let servers: EmbeddedServers
  let service: ChildProgram

  beforeAll(async () => {
    // Without fsync: these tests kill processes, not the machine.
    const starting = Effect.promise(async () => {
      servers = await startNewServers({ folder })
    })
    const acquired = Effect.gen(function* () {
      const fake = Effect.map(acquireProvider(join(folder, "provider.jsonl"), manners), ({ url }) => url())
      const [providerUrl] = yield* Effect.all(
        [provider === undefined ? fake : Effect.promise(provider), starting],
        { concurrency: "unbounded" },
      )
      return yield* acquireDemoService({
        ...servers,
        providerUrl,
        folder,
        ...(flow === undefined ? {} : { flow }),
      })
    })
    service = await Effect.runPromise(Scope.provide(acquired, scope))
  })
  afterAll(async () => {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await servers?.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })

  return {
    servers: () => servers,
    service: () => service,
    folder,
    call: (method, path, body, headers = {}) => callService(service.url(), method, path, body, headers),
  }
}

/** A body that is a string goes out as it is. */
export const callService = async (
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> => {
  const response = await fetch(url + path, {
    method,
    headers: {
      [body === undefined ? "x-everstate" : "content-type"]: body === undefined ? "1" : "application/json",
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get("content-type")?.includes("json") === true && text !== ""
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

/** An order of two books at 12.50. */
export const placement = (customerId: string) => ({
  customerId,
  currency: "EUR",
  lines: [{ sku: "book", quantity: 2, unitPriceMinor: 1250 }],
})

/** The payment for {@link placement}. */
export const payment = { amount: { minor: 2500, currency: "EUR" }, paymentId: "p-1" }

/** An order as {@link placement}, to be fulfilled: paid with `card` and sent to where somebody delivers. */
export const fulfilledPlacement = (customerId: string, card = "card-1", sku = "book") => ({
  ...placement(customerId),
  lines: [{ sku, quantity: 2, unitPriceMinor: 1250 }],
  fulfilment: {
    card,
    address: { recipient: "K. Lee", street: "Main 1", postalCode: "04524", city: "Seoul", country: "KR" },
  },
})
