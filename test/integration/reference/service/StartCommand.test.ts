/** `npm start` as a user meets it: its output, its errors, its end. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { type AddressInfo, createServer as createSocketServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, expect, onTestFinished, test, vi } from "vitest"
import { nodeVersionComplaint } from "../../../../infra/cli/NodeVersion.ts"

const root = fileURLToPath(new URL("../../../..", import.meta.url))
const startScript = join(root, "infra/reference/service/start.ts")

/** Longest start on a loaded machine. */
const START = { timeout: 120_000, interval: 50 }

interface Started {
  readonly child: ChildProcess
  readonly output: () => string
  /** Exit code. */
  readonly ended: Promise<number | null>
}

const token = "a-token-of-more-than-24-characters"

const children: Array<ChildProcess> = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL")
})

const start = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}): Started =>
  startBy(process.execPath, [startScript, ...args], env)

/** In a process group of its own, as a shell starts it. */
const npmStart = (args: ReadonlyArray<string>): Started => {
  const started = startBy("npm", ["start", "--silent", "--", ...args], {}, { cwd: root, detached: true })
  const { child } = started
  onTestFinished(() => {
    try {
      process.kill(-Number(child.pid), "SIGKILL")
    } catch {
      // All of the group has ended.
    }
  })
  // Its output stays open as long as the service runs.
  return { ...started, ended: once(child, "exit").then(([code]) => code as number | null) }
}

const startBy = (
  program: string,
  args: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv,
  options: SpawnOptions = {},
): Started => {
  const { NATS_URL: _nats, DATABASE_URL: _postgres, EVERSTATE_TOKENS: _tokens, ...inherited } = process.env
  const child = spawn(program, args, { ...options, stdio: "pipe", env: { ...inherited, ...env } })
  children.push(child)
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
  }
  const ended = once(child, "close").then(([code]) => code as number | null)
  return { child, output: () => output, ended }
}

/** Of every test that minds nothing there: the database is made once. */
const sharedFolder = mkdtempSync(join(tmpdir(), "everstate-start-"))
afterAll(() => rmSync(sharedFolder, { recursive: true, force: true, maxRetries: 10 }))

const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-start-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}

const urlIn = (output: string): string => /Orders are taken at (\S+)/.exec(output)?.[1] ?? ""

const ledgerIn = (output: string): string => /Payments +(\S+)/.exec(output)?.[1] ?? ""

const runShell = async (line: string): Promise<string> => {
  const shell = spawn("sh", ["-c", line], { stdio: ["ignore", "pipe", "ignore"] })
  let output = ""
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text
  })
  await once(shell, "close")
  return output
}

test("prints lines that work as printed; a second one on the folder says who has it; SIGTERM and Ctrl-C end with 0 and the orders stay", async () => {
  const folder = sharedFolder
  const first = npmStart(["--port", "0", "--folder", folder])
  await vi.waitFor(() => expect(urlIn(first.output())).not.toBe(""), START)
  const lines = first.output().match(/curl .*/g) ?? []
  expect(lines).toHaveLength(4)
  const answers: Array<string> = []
  for (const line of lines) answers.push(await runShell(line))
  expect(JSON.parse(answers[0] ?? "")).toMatchObject({ sku: "book", version: 1 })
  expect(JSON.parse(answers[1] ?? "")).toMatchObject({ orderId: "o-42", version: 1 })
  expect(JSON.parse(answers[2] ?? "")).toMatchObject({ orderId: "o-42", customerId: "c-7" })
  expect(JSON.parse(answers[3] ?? "").events[0]).toMatchObject({ type: "OrderPlaced" })
  const provider = ledgerIn(first.output())
  expect((await fetch(provider)).status).toBe(200)

  const second = start(["--port", "0", "--folder", folder])
  expect(await second.ended).toBe(1)
  expect(second.output()).toContain("is in use by process")
  expect(second.output()).not.toMatch(/\n\s+at /)

  first.child.kill("SIGTERM")
  expect(await first.ended).toBe(0)
  await expect(fetch(provider)).rejects.toThrow()

  writeFileSync(join(folder, "tokens"), `operator ann ${token}\n`)
  const third = npmStart(["--port", "0", "--folder", folder, "--json", "--tokens", join(folder, "tokens")])
  await vi.waitFor(() => expect(third.output()).toContain('"listening"'), START)
  const told = third
    .output()
    .split("\n")
    .filter((line) => line !== "")
  const listening = told.map((line) => JSON.parse(line)).find(({ message }) => message === "listening")
  expect((await fetch(`${listening.annotations.url}/orders/o-42`)).status).toBe(401)
  await vi.waitFor(async () => {
    const order = await fetch(`${listening.annotations.url}/orders/o-42`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(await order.json()).toMatchObject({ status: "shipped", fulfilment: { state: "completed" } })
  }, START)
  const ledger = await fetch(`${listening.annotations.provider}/ledger`)
  expect(await ledger.json()).toMatchObject({ totals: { EUR: { net: 2500, held: 0 } } })
  // A terminal sends Ctrl-C to npm and to all that npm has started.
  process.kill(-Number(third.child.pid), "SIGINT")
  expect(await third.ended).toBe(0)
})

test("FAULT 14: its payment provider ends with it when it is killed", async () => {
  const started = start(["--port", "0", "--folder", sharedFolder, "--host", "0.0.0.0", "--open"])
  await vi.waitFor(() => expect(ledgerIn(started.output())).not.toBe(""), START)
  expect(started.output()).toContain("Everybody who reaches 0.0.0.0 may do everything")
  const cluster = `${urlIn(started.output()).replace("0.0.0.0", "127.0.0.1")}/cluster`
  expect((await fetch(cluster, { headers: { "x-forwarded-for": "10.0.0.1" } })).status).toBe(200)
  const provider = ledgerIn(started.output())
  started.child.kill("SIGKILL")
  await started.ended
  await vi.waitFor(() => expect(fetch(provider)).rejects.toThrow(), START)
})

test("says which port is in use, at an address that others reach with tokens", async () => {
  const other = createServer().listen(0, "127.0.0.1")
  onTestFinished(() => void other.close())
  await once(other, "listening")
  const { port } = other.address() as AddressInfo
  const args = ["--port", String(port), "--folder", sharedFolder, "--host", "0.0.0.0"]
  const started = start(args, { EVERSTATE_TOKENS: `operator ann ${token}` })
  expect(await started.ended).toBe(1)
  expect(started.output()).toContain(`Port ${port} is in use. Give another with --port`)
  expect(started.output()).not.toMatch(/\n\s+at /)
})

/** A port on which nobody listens. */
const closedPort = async (): Promise<number> => {
  const server = createSocketServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

test("says that NATS_URL or DATABASE_URL is unreachable, starts nothing and leaves nothing", async () => {
  const port = await closedPort()
  const urls = {
    NATS_URL: `nats://127.0.0.1:${port}`,
    DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/nothing`,
  }
  const refusals = Object.entries(urls).map(async ([name, url]) => {
    const folder = temporaryFolder()
    const given = { NATS_URL: "", DATABASE_URL: "", [name]: url }
    const started = start(["--port", "0", "--folder", folder], given)
    expect(await started.ended, name).toBe(1)
    expect(started.output()).toContain(name)
    expect(started.output()).not.toMatch(/\n\s+at /)
    expect(readdirSync(folder), name).toHaveLength(1)
  })
  await Promise.all(refusals)
})

test("--help tells the flags, a wrong one ends with 1", async () => {
  const help = start(["--help"])
  const wrong = (
    [
      ["--prot", "1"],
      ["--node-name", "a.b"],
      ["--labels", "ok, not ok"],
      ["--weight", "0"],
      // An address that others can reach, without tokens.
      ["--host", "0.0.0.0"],
    ] as const
  ).map(([flag, value]) => ({ flag, refused: start([flag, value]) }))
  expect(await help.ended).toBe(0)
  const node = ["--node-name", "--node-version", "--labels", "--weight"]
  for (const flag of ["--port", "--folder", "--json", "--host", "--flow", ...node])
    expect(help.output()).toContain(flag)
  for (const { flag, refused } of wrong) {
    expect(await refused.ended, flag).toBe(1)
    expect(refused.output()).toContain(flag === "--host" ? "--tokens or EVERSTATE_TOKENS" : flag)
  }
})

test("tells an old Node what to do", () => {
  expect(nodeVersionComplaint("20.19.0")).toContain("npm start")
  expect(nodeVersionComplaint("22.17.1")).toContain("22.18.0")
  expect(nodeVersionComplaint("22.18.0")).toBeUndefined()
  expect(nodeVersionComplaint("24.0.0")).toBeUndefined()
})
