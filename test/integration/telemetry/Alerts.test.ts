/** The alert rules of docs/deployment: well-formed, and they fire. Their names: test/unit/telemetry/AlertRules.test.ts. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { METRICS_CONTENT_TYPE, metricsText } from "../../../infra/telemetry/MetricsText.ts"
import { defineProjection } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { eventually, freshNamespace, realServers } from "../system/SystemFixture.ts"
import { prometheusFolder, rulesFile, startPrometheus } from "./Prometheus.ts"
import { ruleTests } from "./RuleTests.ts"

const folder = prometheusFolder()

/** A projection that cannot apply any event. */
const Broken = defineProjection({
  name: "broken",
  version: 1,
  from: [Counter],
  table: { name: "broken", columns: { id: "text not null" }, primaryKey: ["id"] },
  key: ({ id }) => ({ id }),
  fold: () => {
    throw new Error("a bug in the fold")
  },
})

/** A node whose `/metrics` Prometheus reads. */
const startNode = async () => {
  const servers = await realServers()
  onTestFinished(() => servers.stop())
  const { natsUrl: nats, postgresUrl: postgres } = servers
  const system = await ActorSystem.start({
    nats,
    postgres,
    namespace: freshNamespace(),
    actors: [Counter, Clerk],
    projections: [Broken],
    shardCount: 4,
    leaseMs: 3_000,
    drainMs: 1_000,
    logLevel: "None",
  })
  onTestFinished(() => system.stop())
  const read = async () =>
    Effect.runPromise(metricsText(await system.status(), await system.cluster.standing()))
  const server = createServer((_request, response) => {
    void read().then((text) => response.setHeader("content-type", METRICS_CONTENT_TYPE).end(text))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { servers, system, target: `127.0.0.1:${port}` }
}

describe("the alert rules", () => {
  it.skipIf(folder === undefined)("are what promtool calls valid", () => {
    const said = execFileSync(join(folder ?? "", "promtool"), ["check", "rules", rulesFile], {
      encoding: "utf8",
    })
    expect(said).toContain("SUCCESS: 24 rules found")
  })

  it.skipIf(folder === undefined)("all fire for a system in trouble, and none for one in order", () => {
    const data = mkdtempSync(join(tmpdir(), "everstate-rules-"))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const file = join(data, "tests.yaml")
    writeFileSync(file, ruleTests())
    const said = execFileSync(join(folder ?? "", "promtool"), ["test", "rules", file], { encoding: "utf8" })
    expect(said).toContain("SUCCESS")
  })

  it.skipIf(folder === undefined)("fire in a real Prometheus", async () => {
    const { servers, system, target } = await startNode()
    const { firing, isFound } = await startPrometheus(folder ?? "", target)
    await system.get(Clerk, "k").ask({ type: "Stamp", sheet: "s" })
    // Prometheus has to see the counts before they grow.
    await eventually(() => isFound("count_over_time(everstate_mailbox_messages_total[1m]) > 3"))
    expect(await firing()).toEqual(new Set())

    await system.get(Counter, "c").ask({ type: "Add", by: 1 })
    await eventually(async () => (await firing()).has("EverstateProjectionStalled"))
    await system.get(Clerk, "k").tell({ type: "Stamp", sheet: "blank" })
    await eventually(async () => (await firing()).has("EverstateDeadLetters"))
    servers.nats.pause()
    await eventually(async () => (await firing()).has("EverstateLeaseLost"))
    servers.nats.resume()
    await eventually(async () => !(await firing()).has("EverstateLeaseLost"))
  })
})
