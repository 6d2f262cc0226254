/**
 * A node of the cluster under attack, as its attacker sees it: a process that can be killed, frozen, stopped, started.
 *
 * Owns the process and its log. What runs in it: node.ts.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { openSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { StartOptions } from "../../infra/system/ActorSystem.ts"

/** What a node is started with: plain data, and the same actors everywhere. */
export type NodeGiven = Pick<
  StartOptions,
  "namespace" | "node" | "leaseMs" | "askDeadlineMs" | "handoffMs"
> & {
  readonly nats: { readonly servers: ReadonlyArray<string> }
  readonly postgres: string
}

const nemesisNode = fileURLToPath(new URL("node.ts", import.meta.url))

export class NodeProcess {
  readonly name: string
  readonly logFile: string
  readonly #given: NodeGiven
  readonly #program: string
  /** A node that is started again finds its code compiled (docs/DEPLOYMENT.md). */
  readonly #compileCache: string
  #child: ChildProcess | undefined

  /** `program` takes {@link NodeGiven} as JSON, its only argument, and tells its parent `ready`. */
  constructor(name: string, given: NodeGiven, folder: string, program = nemesisNode) {
    this.name = name
    this.logFile = join(folder, `${name}.log`)
    this.#program = program
    this.#compileCache = join(folder, "compile-cache")
    this.#given = { ...given, node: { ...given.node, name } }
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when it has its share; rejects when it ends before. */
  async start(): Promise<void> {
    const log = openSync(this.logFile, "a")
    const args = ["--no-warnings", this.#program, JSON.stringify(this.#given)]
    const env = { ...process.env, NODE_COMPILE_CACHE: this.#compileCache }
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", log, log, "ipc"], detached: true })
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve())
      child.once("exit", (code, by) =>
        reject(new Error(`${this.name} ended with ${by ?? code}: ${this.logFile}`)),
      )
    })
  }

  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end("SIGKILL")
  }

  /** SIGTERM; resolves when it has handed everything over and is gone. */
  stop(): Promise<void> {
    return this.#end("SIGTERM")
  }

  freeze(): void {
    this.#child?.kill("SIGSTOP")
  }

  thaw(): void {
    this.#child?.kill("SIGCONT")
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.isRunning) return
    const gone = once(child, "exit")
    child.kill(signal)
    await gone
  }
}
