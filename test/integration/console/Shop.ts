/**
 * A real system with the order domain, its console on a port, and something to see on every page.
 *
 * Owns the system, its second node, and its story. The browser: Browser.ts.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { type GatewayOptions, makeGateway } from "../../../infra/http.ts"
import { NatsConnection } from "../../../infra/nats/connection/NatsConnection.ts"
import { CheckpointsNats } from "../../../infra/nats/stores/CheckpointsNats.ts"
import { acquireProvider } from "../../../infra/reference/payments/ProviderProgram.ts"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Checkpoints } from "../../../runtime/checkpoint/Checkpoints.ts"
import type { DeadLetterReason } from "../../../runtime/deadletter/DeadLetters.ts"
import type { BulkTask } from "../../../runtime/operations.ts"
import { startNewServers } from "../../fixtures/postgres/NewDatabase.ts"
import { Market } from "./Market.ts"
import { type NodeGiven, startNode } from "./Node.ts"

/** Markup that must be shown as text wherever it comes from. */
export const MARKUP = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>`

export interface Shop {
  /** Address of the gateway. */
  readonly url: string
  readonly system: ActorSystem
  /** One more gateway on the system, at this port. Closed with the shop. */
  readonly open: (options: GatewayOptions, port?: number) => Promise<string>
  /** One more node with a gateway, as a process of its own. Killed with the shop. */
  readonly startSouth: () => Promise<South>
  /** Writes the note of a bulk job that another node has begun, and of which nothing more is heard. */
  readonly beginElsewhere: (
    verb: BulkTask["verb"],
    reason: DeadLetterReason,
    doneCount: number,
  ) => Promise<void>
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>
  readonly close: () => Promise<void>
}

export interface South {
  readonly url: string
  /** SIGKILL. Returns when the process has ended. */
  readonly kill: () => Promise<void>
}

export const openShop = async (): Promise<Shop> => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-console-"))
  const scope = Effect.runSync(Scope.make())
  const servers = await startNewServers({ folder })
  const payments = await Effect.runPromise(
    Scope.provide(acquireProvider(join(folder, "payments.jsonl")), scope),
  )
  const given = (name: string): NodeGiven => ({
    name,
    nats: servers.natsUrl,
    postgres: servers.postgresUrl,
    provider: payments.url(),
    mail: join(folder, "mail"),
  })
  const system = await startNode(given("north"))
  const gateways = new Set<ReturnType<typeof makeGateway>>()
  const open = async (options: GatewayOptions, port = 0) => {
    const gateway = makeGateway(system, { console: true, ...options })
    gateways.add(gateway)
    return (await gateway.listen({ port })).url
  }
  const kills = new Set<South["kill"]>()
  const startSouth = async (): Promise<South> => {
    const child = fork(join(import.meta.dirname, "South.ts"), [JSON.stringify(given("south"))])
    const kill = async () => {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined
      child.kill("SIGKILL")
      await ended
    }
    kills.add(kill)
    const [told] = await Promise.race([once(child, "message"), once(child, "exit")])
    if (typeof told !== "string") throw new Error(`the node ended with ${told}`)
    return { url: told, kill }
  }
  const beginElsewhere: Shop["beginElsewhere"] = (verb, reason, doneCount) => {
    const nowMs = Date.now()
    const counts = { doneCount, keptCount: 0, kept: [] }
    const job = { verb, reason, state: "running", ...counts, startedAtMs: nowMs, updatedAtMs: nowMs }
    return Checkpoints.use(({ write }) => write(`bulk.${verb}.${reason}`, { id: "elsewhere", job })).pipe(
      Effect.provide(CheckpointsNats.layer({ namespace: "everstate" })),
      Effect.provide(NatsConnection.layer({ servers: servers.natsUrl })),
      Effect.scoped,
      Effect.runPromise,
    )
  }
  const url = await open({})
  const post: Shop["post"] = (path, body, headers = {}) =>
    fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    })
  return {
    url,
    system,
    open,
    startSouth,
    beginElsewhere,
    post,
    close: async () => {
      await Promise.all([...kills].map((kill) => kill()))
      await Promise.all([...gateways].map((gateway) => gateway.close()))
      await system.stop()
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await servers.stop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

const address = (recipient: string, country: string) => ({
  recipient,
  street: "Mapo-daero 1",
  postalCode: "04175",
  city: "Seoul",
  country,
})

/** Sagas of the story that are stuck, each for the verb of its name; and those whose last step is silent. */
export const STUCK = ["retry", "skip", "resolve", "abort"] as const
export const SILENT = ["slow-cancel", "slow-resolve"] as const

/**
 * Orders that are shipped, rejected, and open; letters that found nobody; a garden with regions and history; sagas that
 * need an operator.
 */
export const tellStory = async ({ post, system }: Shop): Promise<void> => {
  for (const id of [...STUCK, ...SILENT]) await system.get(Market, id).ask({ type: "Start", input: {} })
  const must = async (path: string, body: unknown, headers?: Record<string, string>) => {
    const response = await post(path, body, headers)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
  await must("/actors/inventory/book/Receive", { deliveryId: "d-1", quantity: 100 })
  const place = (id: string, card: string, recipient: string, country = "KR") =>
    must(
      `/actors/order/${id}/Place`,
      {
        customerId: "c-7",
        currency: "EUR",
        lines: [{ sku: "book", quantity: 2, unitPriceMinor: 1250 }],
        fulfilment: { card, address: address(recipient, country) },
      },
      { "x-user": "ann", "x-correlation-id": `request-${id}`, "idempotency-key": `place-${id}` },
    )
  for (let number = 1; number <= 24; number++) {
    const card = number % 5 === 0 ? "card-declined" : `card-${number}`
    await place(`o-${number}`, card, number === 7 ? MARKUP : "Ann", number % 11 === 0 ? "AQ" : "KR")
  }
  for (let number = 1; number <= 12; number++) {
    const placed = {
      customerId: "c-8",
      currency: "EUR",
      lines: [{ sku: "tea", quantity: 1, unitPriceMinor: 900 }],
    }
    await must(`/actors/order/draft-${number}/Place`, placed, { "x-user": "ben" })
  }
  const signed = { "x-user": "ann", "everstate-note": `the frost is over ${MARKUP}` }
  await must("/actors/garden/roof/Plant", { crop: "basil", beds: 3 }, signed)
  await must("/actors/garden/roof/Open", {}, { "x-user": "ann" })
  await must("/actors/garden/yard/Plant", { crop: "mint", beds: 1 }, { "x-user": "ben" })
  // Nobody can ship what is not ordered: these messages become dead letters.
  for (let number = 1; number <= 3; number++) {
    await must(`/actors/garden/roof/Harvest?via=tell`, { crop: MARKUP, kilograms: number })
  }
}
