import { readFileSync } from "node:fs"
import { join } from "node:path"
import { jetstreamManager } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import { expect, onTestFinished, test } from "vitest"
import { startNatsCluster } from "../../../infra/embedded.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

/** Elections take seconds, and more on a loaded machine. */
const clusterTestTimeoutMs = 120_000

/** Where the other servers connect to this one. */
const routeOf = (folder: string): string => {
  const { cluster } = JSON.parse(readFileSync(join(folder, "nats.conf"), "utf8")) as {
    readonly cluster: { readonly listen: string; readonly authorization: { readonly password: string } }
  }
  expect(cluster.authorization.password.length).toBeGreaterThan(20)
  return cluster.listen
}

test(
  "three servers place a replicated stream, and go on without one of them",
  async () => {
    const cluster = await startNatsCluster({ folder: temporaryFolder(), size: 3, syncAlways: false })
    onTestFinished(() => cluster.stop())
    const [first] = cluster.servers
    const addresses = cluster.servers.map(({ login }) => login.servers)
    const connection = await connect({ ...first?.login, servers: addresses })
    onTestFinished(() => connection.close())
    const strangers = [...addresses, ...cluster.servers.map(({ folder }) => routeOf(folder))]
    for (const servers of strangers) await expect(connect({ servers, reconnect: false })).rejects.toThrow()
    const manager = await jetstreamManager(connection)
    const { cluster: placed } = await manager.streams.add({
      name: "three",
      subjects: ["three.>"],
      num_replicas: 3,
    })
    expect(placed?.replicas).toHaveLength(2)
    const follower = cluster.servers.findIndex((_, index) => `n${index + 1}` === placed?.replicas?.[0]?.name)
    await cluster.servers[follower]?.kill()
    await expect
      .poll(() => manager.streams.info("three").then((info) => info.config.name), { timeout: 60_000 })
      .toBe("three")
  },
  clusterTestTimeoutMs,
)
