/**
 * What the manifests of docs/deployment start: the preparing script, then nodes of the order service with the least
 * rights, configured by their environment alone. Their probes, and how long they take to go.
 */
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ChildProgram } from "../../../infra/cli/ChildProgram.ts"
import { freePorts } from "../../../infra/embedded/FreePorts.ts"
import { REQUESTS_DRAIN_MS } from "../../../infra/gateway/NodeListener.ts"
import { acquireDemoService } from "../../../infra/reference/demo/DemoService.ts"
import { acquireProvider } from "../../../infra/reference/payments/ProviderProgram.ts"
import { SYSTEM_DEFAULTS } from "../../../runtime/system/SystemSettings.ts"
import { callService, placement } from "../reference/service/ServiceFixture.ts"
import { eventually } from "../system/SystemFixture.ts"
import { deployment, type RestrictedServers, restrictedServers } from "./LeastPrivilege.ts"

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), "everstate-nodes-"))
const scope = Effect.runSync(Scope.make())
const acquire = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Scope.provide(effect, scope))

/** Connections are closed in at most this, after all else (PostgresPool.ts, NatsConnection.ts). */
const CLOSE_MS = 11_000

/** Nothing moves any more that has not moved for so long. */
const CALM_MS = 2_000

let servers: RestrictedServers
let providerUrl: string
let nodes: ReadonlyArray<ChildProgram>

const startNode = (nodeName: string) =>
  acquire(
    acquireDemoService({
      natsUrl: servers.nats.url("service"),
      postgresUrl: servers.postgres.url("service"),
      providerUrl,
      folder: join(folder, nodeName),
      nodeName,
    }),
  )

/** The script, and what follows it. */
const prepare = async (): Promise<void> => {
  const [port] = await freePorts(1)
  await run("sh", [join(deployment, "prepare.sh")], {
    cwd: join(deployment, "../.."),
    env: {
      ...process.env,
      NATS_URL: servers.nats.url("creator"),
      DATABASE_URL: servers.postgres.url("owner"),
      PAYMENT_PROVIDER_URL: providerUrl,
      PREPARE_PORT: String(port),
      PREPARE_FOLDER: join(folder, "prepare"),
      PATH: `${join(process.execPath, "..")}:${process.env.PATH}`,
    },
  })
  await servers.postgres.afterPreparation()
}

beforeAll(async () => {
  const starting = restrictedServers()
  providerUrl = (await acquire(acquireProvider(join(folder, "provider.jsonl")))).url()
  servers = await starting
  await prepare()
  nodes = await Promise.all(["orders-0", "orders-1"].map(startNode))
})
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await servers?.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

const manifest = (name: string): string => readFileSync(join(deployment, name), "utf8")
const allOf = (text: string, pattern: RegExp): ReadonlyArray<string> =>
  [...text.matchAll(pattern)].map(([, found]) => found ?? "")

describe("docs/deployment", () => {
  it("its probes are routes that answer 200 on every node", async () => {
    const probes = new Set(allOf(manifest("kubernetes/orders.yaml"), /httpGet: \{ path: (\/\w+),/g))
    expect([...probes].sort()).toEqual(["/healthz", "/readyz"])
    for (const node of nodes) {
      for (const path of [...probes, "/metrics"]) {
        await eventually(async () => (await callService(node.url(), "GET", path)).status === 200)
      }
    }
  })

  it("every node takes orders, whoever has them", async () => {
    for (const [index, node] of [...nodes, ...nodes].entries()) {
      const answer = await callService(node.url(), "PUT", `/orders/o-${index}`, placement("c-7"), {
        "idempotency-key": `place-o-${index}`,
      })
      expect(answer.status).toBeLessThan(300)
    }
    expect(servers.nats.violations()).toEqual([])
  })

  it("prepares again beside nodes that run, and takes nothing from them", async () => {
    const given = async () => {
      const texts = await Promise.all(nodes.map((node) => callService(node.url(), "GET", "/metrics")))
      return texts.flatMap(({ body }) => allOf(body, /(moves_total\{outcome="(?:handed-over|lost)"\} \d+)/g))
    }
    // What they share among themselves goes on for a while after their start.
    let before = await given()
    let earlier: typeof before
    do {
      earlier = before
      await new Promise((resolve) => setTimeout(resolve, CALM_MS))
      before = await given()
    } while (earlier.join() !== before.join())
    expect(before).toHaveLength(2 * nodes.length)
    await prepare()
    expect(await given()).toEqual(before)
  })

  it("DEPLOYMENT.md names metrics that there are", async () => {
    const named = new Set(
      allOf(manifest("../DEPLOYMENT.md"), /\b(everstate_(?!owner|service|reader)[a-z_]+)/g),
    )
    const { body } = await callService(nodes[0]?.url() ?? "", "GET", "/metrics")
    expect([...named].filter((name) => !body.includes(name))).toEqual([])
    expect(named.size).toBeGreaterThan(10)
  })

  it("gives a node longer to go than it takes at most", () => {
    const orders = manifest("kubernetes/orders.yaml")
    const graceMs = 1_000 * Number(allOf(orders, /terminationGracePeriodSeconds: (\d+)/g)[0])
    const preStopMs = 1_000 * Number(allOf(orders, /command: \[sleep, "(\d+)"\]/g)[0])
    const longestMs = REQUESTS_DRAIN_MS + SYSTEM_DEFAULTS.drainMs + CLOSE_MS
    expect(graceMs).toBeGreaterThanOrEqual(preStopMs + longestMs)
    const composeMs = 1_000 * Number(allOf(manifest("compose.yaml"), /stop_grace_period: (\d+)s/g)[0])
    expect(composeMs).toBeGreaterThanOrEqual(longestMs)
  })

  it("a node that gets SIGTERM hands over and is gone, and the other one takes its orders", async () => {
    const [first, second] = nodes as [ChildProgram, ChildProgram]
    await Effect.runPromise(first.stop)
    // Others see it with their next look.
    await eventually(async () => {
      const { body } = await callService(second.url(), "GET", "/cluster")
      return body.members.map(({ name }: { name: string }) => name).join() === "orders-1"
    })
    for (let index = 0; index < 4; index++) {
      expect((await callService(second.url(), "GET", `/orders/o-${index}`)).status).toBe(200)
    }
    expect((await callService(second.url(), "GET", "/readyz")).status).toBe(200)
  })

  it("FAULT 35: a node whose credentials are revoked is alive and not ready, so that nobody is sent to it", async () => {
    const second = nodes[1] as ChildProgram
    await servers.nats.reload((conf) => conf.replace("$SERVICE_PASSWORD", '"another"'))
    await eventually(async () => (await callService(second.url(), "GET", "/readyz")).status === 503)
    const { journal } = (await callService(second.url(), "GET", "/readyz")).body
    expect(journal.detail).toContain("NotPermitted")
    expect((await callService(second.url(), "GET", "/healthz")).status).toBe(200)
  })
})
