/** Fake gateways for tests: in this process for a question about answers, as a program for one about its life. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterEach } from "vitest"
import {
  type Gateway,
  type GatewayOptions,
  startGateway,
} from "../../../../infra/reference/payments/GatewayServer.ts"

const program = fileURLToPath(new URL("../../../../infra/reference/payments/gateway.ts", import.meta.url))

export interface GatewayProgram {
  readonly url: string
  readonly pid: number
  /** Sends the signal and waits for the end: its exit code, or the signal. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals>
}

export interface GatewayFixture {
  readonly start: (options?: GatewayOptions) => Promise<Gateway>
  readonly run: (...flags: ReadonlyArray<string>) => Promise<GatewayProgram>
}

/** Call at the top of a test file: what was started ends with each test. */
export const gatewaysForFile = (): GatewayFixture => {
  const running: Array<() => Promise<unknown>> = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map((end) => end()))
  })
  return {
    start: async (options = {}) => {
      const gateway = await startGateway(options)
      running.push(() => gateway.stop())
      return gateway
    },
    run: async (...flags) => {
      const child = spawn(process.execPath, [program, "--json", ...flags], {
        stdio: ["ignore", "pipe", "inherit", "ipc"],
      })
      running.push(() => ended(child, "SIGKILL"))
      const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })
      const [line] = (await once(lines, "line")) as [string]
      const { url, pid } = JSON.parse(line) as { url: string; pid: number }
      return { url, pid, end: (signal) => ended(child, signal) }
    },
  }
}

const ended = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> => {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, "exit")
    child.kill(signal)
    await gone
  }
  return child.signalCode ?? child.exitCode ?? 0
}
