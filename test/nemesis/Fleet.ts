/**
 * The cluster under attack: servers, a wire from each node to each NATS server, and the nodes as processes.
 *
 * Owns what there is and its end. Who attacks it: Attack.ts. Who asks it: Clients.ts.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type NatsServer,
  type OnProgress,
  type PostgresServer,
  startNats,
  startNatsCluster,
} from "../../infra/embedded.ts"
import { startNewPostgres } from "../fixtures/postgres/NewDatabase.ts"
import { type NodeGiven, NodeProcess } from "./NodeProcess.ts"
import { Wire, type WireState } from "./Wire.ts"

export interface FleetOptions {
  readonly nodeCount: number
  readonly natsCount: 1 | 3
  /** Nodes talk to NATS through wires that can be cut, which costs time; by default they do. */
  readonly isWired?: boolean
  readonly given?: Pick<NodeGiven, "leaseMs" | "askDeadlineMs" | "handoffMs">
  readonly onProgress?: OnProgress
}

interface Member {
  readonly node: NodeProcess
  readonly wires: ReadonlyArray<Wire>
}

const NAMESPACE = "nemesis"

export class Fleet {
  readonly folder: string
  readonly natsServers: ReadonlyArray<NatsServer>
  readonly postgres: PostgresServer
  readonly #options: FleetOptions
  readonly #members = new Map<string, Member>()

  private constructor(
    folder: string,
    natsServers: ReadonlyArray<NatsServer>,
    postgres: PostgresServer,
    options: FleetOptions,
  ) {
    this.folder = folder
    this.natsServers = natsServers
    this.postgres = postgres
    this.#options = options
  }

  /** Servers without fsync: processes are killed here, not the machine. No node runs yet. */
  static async open(options: FleetOptions): Promise<Fleet> {
    const folder = mkdtempSync(join(tmpdir(), "everstate-nemesis-"))
    const progress = options.onProgress === undefined ? {} : { onProgress: options.onProgress }
    const given = { folder: join(folder, "nats"), syncAlways: false, ...progress }
    const starting =
      options.natsCount === 1 ? startNats(given).then((server) => [server]) : startCluster(given)
    const [nats, postgres] = await Promise.allSettled([
      starting,
      startNewPostgres({ folder: join(folder, "postgres"), ...progress }),
    ])
    if (nats.status === "fulfilled" && postgres.status === "fulfilled") {
      return new Fleet(folder, nats.value, postgres.value, options)
    }
    if (nats.status === "fulfilled") await Promise.all(nats.value.map((server) => server.stop()))
    if (postgres.status === "fulfilled") await postgres.value.stop()
    throw nats.status === "rejected" ? nats.reason : (postgres as PromiseRejectedResult).reason
  }

  /** How a system of the attacker's own is connected: without a wire that could be cut. */
  get direct() {
    const nats = { servers: this.natsServers.map(({ url }) => url) }
    return { ...this.#options.given, nats, postgres: this.postgres.url, namespace: NAMESPACE }
  }

  get nodes(): ReadonlyArray<NodeProcess> {
    return Array.from(this.#members.values(), ({ node }) => node)
  }

  node(name: string): NodeProcess {
    return this.#member(name).node
  }

  /** One more node, started. */
  async join(name: string): Promise<void> {
    const wired = this.#options.isWired === false ? [] : this.natsServers
    const wires = await Promise.all(wired.map(({ url }) => Wire.open(url)))
    const nats = wires.length === 0 ? this.direct.nats : { servers: wires.map(({ url }) => url) }
    const node = new NodeProcess(name, { ...this.direct, nats }, this.folder)
    this.#members.set(name, { node, wires })
    // Servers that have just come together may take longer to make streams than a start waits: once more then.
    await node.start().catch(() => node.start())
  }

  /** Stopped in order, and gone. */
  async leave(name: string): Promise<void> {
    const { node, wires } = this.#member(name)
    await node.stop()
    for (const wire of wires) await wire.close()
    this.#members.delete(name)
  }

  /** What happens to everything between a node and NATS. */
  wire(name: string, state: WireState): void {
    for (const wire of this.#member(name).wires) wire.set(state)
  }

  /** Nothing is broken any more: wires pass, servers and nodes run. */
  async heal(): Promise<void> {
    for (const { node, wires } of this.#members.values()) {
      for (const wire of wires) wire.set("pass")
      node.thaw()
      if (!node.isRunning) await node.start()
    }
  }

  async close(isKept = false): Promise<void> {
    for (const { node, wires } of this.#members.values()) {
      node.thaw()
      await node.kill()
      for (const wire of wires) await wire.close()
    }
    await Promise.all([...this.natsServers, this.postgres].map((server) => server.stop()))
    if (!isKept) rmSync(this.folder, { recursive: true, force: true })
  }

  #member(name: string): Member {
    const member = this.#members.get(name)
    if (member === undefined) throw new RangeError(`no node ${name}`)
    return member
  }
}

const startCluster = async (given: Parameters<typeof startNatsCluster>[0]) =>
  (await startNatsCluster(given)).servers
