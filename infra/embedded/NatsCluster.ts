/**
 * Several nats-servers on this machine as one JetStream cluster, with routes on loopback, for tests of
 * replication and of leader changes. Each member is an ordinary `NatsServer` with the same handle. Its folder
 * is `<folder>/<name>`, and all members have one password.
 */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { jetstreamManager } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import { ServerFailedToStart } from "./EmbeddedErrors.ts"
import { freePorts } from "./FreePorts.ts"
import { HANDSHAKE_SECONDS, keptPassword, newPassword } from "./NatsConfig.ts"
import type { NatsOptions } from "./NatsOptions.ts"
import { type NatsServer, startNats } from "./NatsServer.ts"
import { failedToStart } from "./ServerProcess.ts"
import { delay, pollIntervalMs } from "./Until.ts"

/** Options of `startNatsCluster`. */
export interface NatsClusterOptions extends Omit<NatsOptions, "port" | "serverName"> {
  /** Number of servers; 3 by default, the smallest cluster that keeps its quorum when one is lost. */
  readonly size?: number
  readonly clusterName?: string
}

/** A running cluster of nats-servers. */
export interface NatsCluster {
  readonly servers: ReadonlyArray<NatsServer>
  /** Addresses of all members, for a client that should outlive one of them. */
  readonly urls: ReadonlyArray<string>
  /** Resolves once the cluster places replicated streams: after the start, and after members came back. */
  whenReady(): Promise<void>
  /** Stops all servers. */
  stop(): Promise<void>
  /** The same as `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

const sizeDefault = 3
const readyTimeoutMsDefault = 60_000
/** Longest wait for one server's answer. */
const requestTimeoutMs = 2_000
/** Attempts of a start: another process may take a route's port between its choice and its use. */
const startAttemptCountMax = 3
const probeStream = "everstate-embedded-probe"

/** Resolves once there is a meta leader and every member takes part. Rejects as `startNats` does. */
export const startNatsCluster = async (options: NatsClusterOptions): Promise<NatsCluster> => {
  const size = options.size ?? sizeDefault
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options, await freePorts(size))
    } catch (error) {
      const taken =
        error instanceof ServerFailedToStart &&
        error.logTail.some((line) => line.includes("address already in use"))
      if (!taken || attempt >= startAttemptCountMax) throw error
    }
  }
}

const startOnce = async (
  options: NatsClusterOptions,
  routePorts: ReadonlyArray<number>,
): Promise<NatsCluster> => {
  const name = options.clusterName ?? "everstate"
  mkdirSync(options.folder, { recursive: true })
  const password = options.password ?? keptPassword(options.folder)
  // Routes need a password, too: a program that connects to a route counts as a server of the cluster.
  const authorization = { user: "route", password: newPassword(), timeout: HANDSHAKE_SECONDS }
  const routes = routePorts.map((port) => `nats://route:${authorization.password}@127.0.0.1:${port}`)
  const starts = await Promise.allSettled(
    routePorts.map((port, index) => {
      const serverName = `n${index + 1}`
      const cluster = { name, listen: `127.0.0.1:${port}`, authorization, routes, no_advertise: true }
      return startNats({
        ...options,
        password,
        folder: join(options.folder, serverName),
        serverName,
        extraConfig: { ...options.extraConfig, cluster },
      })
    }),
  )
  const servers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []))
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()))
  }
  const whenReady = (): Promise<void> =>
    placesStreams(servers, options.startTimeoutMs ?? readyTimeoutMsDefault)
  try {
    for (const start of starts) if (start.status === "rejected") throw start.reason
    await whenReady()
  } catch (error) {
    await stop()
    throw error
  }
  return { servers, urls: servers.map((server) => server.url), whenReady, stop, [Symbol.asyncDispose]: stop }
}

/**
 * Waits until every member answers and a stream with a replica on each is placed. No weaker check proves that
 * the cluster is ready.
 */
const placesStreams = async (servers: ReadonlyArray<NatsServer>, timeoutMs: number): Promise<void> => {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      for (const server of servers) await askMember(server, servers.length)
      return
    } catch (error) {
      if (performance.now() <= deadline) {
        await delay(pollIntervalMs)
        continue
      }
      const logFile = servers[0]?.logFile ?? ""
      throw failedToStart(
        { server: "nats", logFile },
        `the cluster was not ready within ${timeoutMs} ms: ${error}`,
      )
    }
  }
}

const askMember = async (server: NatsServer, replicaCount: number): Promise<void> => {
  const connection = await connect({ ...server.login, timeout: requestTimeoutMs, reconnect: false })
  try {
    const manager = await jetstreamManager(connection, { timeout: requestTimeoutMs })
    await manager.getAccountInfo()
    const name = `${probeStream}-${server.port}`
    await manager.streams.add({ name, subjects: [name], num_replicas: replicaCount })
    await manager.streams.delete(name)
  } finally {
    await connection.close()
  }
}
