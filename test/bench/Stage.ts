/**
 * Where a bench plays: servers of its own in a temporary folder, and a clean floor afterwards, Ctrl-C included.
 *
 * Owns servers, child processes, folders and progress on stderr. Who plays: the benches beside this file.
 */
import { type ChildProcess, fork } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type EmbeddedServers,
  type NatsCluster,
  startNatsCluster,
  startPostgres,
  startServers,
} from "../../infra/embedded.ts"
import { Fleet, type FleetOptions } from "../nemesis/Fleet.ts"
import type { Row } from "./Measure.ts"

/** One bench: some rows about one thing. */
export interface Bench {
  readonly name: string
  /** Names of its rows, for `--only`. */
  readonly rows: ReadonlyArray<string>
  readonly run: (stage: Stage) => Promise<ReadonlyArray<Row>>
}

export interface ServerChoice {
  /** nats-server fsyncs before it acknowledges. Off here by default: then the figures are not the disk's. */
  readonly syncAlways?: boolean
}

/** What a child says next; rejects when it ends before that. */
export const said = <Message>(child: ChildProcess): Promise<Message> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null) =>
      reject(new Error(`${child.spawnargs.join(" ")} ended with ${code} and no result`))
    child.once("exit", onExit)
    child.once("message", (message) => {
      child.off("exit", onExit)
      resolve(message as Message)
    })
  })

const syncText = (syncAlways: boolean): string => (syncAlways ? "each write" : "2 min")

export class Stage {
  /** Measuring time per row and side, in seconds. */
  readonly seconds: number
  #fleet: Fleet | undefined
  #folder: string | undefined
  readonly #stops: Array<() => Promise<void>> = []
  readonly #children: Array<ChildProcess> = []
  #sync = ""
  #versions: { readonly nats: string; readonly postgres: string } | undefined

  constructor(seconds: number) {
    this.seconds = seconds
  }

  /** The nats-servers that ran last, for a row of the table. */
  get serversText(): string {
    const { nats } = this.#versions ?? { nats: "" }
    return this.#sync === "" ? nats : `${nats}, ${this.#sync}`
  }

  /** Of the servers that ran last. */
  get versions() {
    return this.#versions
  }

  say(text: string): void {
    process.stderr.write(`bench: ${text}\n`)
  }

  /** Fresh servers; those before are gone. Postgres fsyncs always. */
  async servers({ syncAlways = false }: ServerChoice = {}): Promise<EmbeddedServers> {
    await this.clear()
    this.#folder = mkdtempSync(join(tmpdir(), "everstate-bench-"))
    const servers = await startServers({ folder: this.#folder, nats: { syncAlways } })
    this.#stops.push(() => servers.stop())
    this.#versions = { nats: servers.nats.version, postgres: servers.postgres.version }
    this.#sync = syncText(syncAlways)
    return servers
  }

  /** Three fresh nats-servers as a cluster, and Postgres; those before are gone. */
  async threeServers({ syncAlways = false }: ServerChoice = {}): Promise<{
    readonly nats: NatsCluster
    readonly postgresUrl: string
  }> {
    await this.clear()
    this.#folder = mkdtempSync(join(tmpdir(), "everstate-bench-"))
    const nats = await startNatsCluster({ folder: join(this.#folder, "nats"), syncAlways })
    this.#stops.push(() => nats.stop())
    const postgres = await startPostgres({ folder: join(this.#folder, "postgres") })
    this.#stops.push(() => postgres.stop())
    this.#versions = { nats: nats.servers[0]?.version ?? "", postgres: postgres.version }
    this.#sync = `three, ${syncText(syncAlways)}`
    return { nats, postgresUrl: postgres.url }
  }

  /** Fresh servers for a cluster of processes; those before are gone. */
  async fleet(options: FleetOptions): Promise<Fleet> {
    await this.clear()
    this.#fleet = await Fleet.open(options)
    const [nats] = this.#fleet.natsServers
    this.#versions = { nats: nats?.version ?? "", postgres: this.#fleet.postgres.version }
    this.#sync = syncText(false)
    return this.#fleet
  }

  /** Runs a module beside this file in a process of its own and resolves with the message that it sends. */
  child<Message>(
    file: string,
    execArgv: ReadonlyArray<string>,
    args: ReadonlyArray<string>,
  ): Promise<Message> {
    return said<Message>(this.fork(file, args, execArgv))
  }

  /** Runs a module beside this file in a process of its own. */
  fork(file: string, args: ReadonlyArray<string>, execArgv: ReadonlyArray<string> = []): ChildProcess {
    const path = join(import.meta.dirname, file)
    const child = fork(path, [...args], { execArgv: [...process.execArgv, ...execArgv], stdio: "inherit" })
    this.#children.push(child)
    return child
  }

  async clear(): Promise<void> {
    for (const child of this.#children.splice(0)) child.kill("SIGKILL")
    await this.#fleet?.close()
    this.#fleet = undefined
    for (const stop of this.#stops.splice(0)) await stop()
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }
}
