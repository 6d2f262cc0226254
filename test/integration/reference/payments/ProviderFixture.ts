/** Fake providers for tests: in this process for a question about answers, as a program for one about its life. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterEach } from "vitest"
import {
  type Provider,
  type ProviderOptions,
  startProvider,
} from "../../../../infra/reference/payments/ProviderServer.ts"

const program = fileURLToPath(new URL("../../../../infra/reference/payments/provider.ts", import.meta.url))

export interface ProviderProgram {
  readonly url: string
  readonly pid: number
  /** Sends the signal and waits for the end: its exit code, or the signal. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals>
}

export interface ProviderFixture {
  readonly start: (options?: ProviderOptions) => Promise<Provider>
  readonly run: (...flags: ReadonlyArray<string>) => Promise<ProviderProgram>
}

/** Call at the top of a test file: what was started ends with each test. */
export const providersForFile = (): ProviderFixture => {
  const running: Array<() => Promise<unknown>> = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map((end) => end()))
  })
  return {
    start: async (options = {}) => {
      const provider = await startProvider(options)
      running.push(() => provider.stop())
      return provider
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
