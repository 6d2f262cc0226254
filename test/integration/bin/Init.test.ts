/**
 * `everstate init` from the packed archive: npm installs the new service, which passes its tests and runs, also under
 * `everstate dev`.
 */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest"
import { builtPackage } from "../../fixtures/package/BuiltPackage.ts"
import { startModulesRegistry } from "../../fixtures/package/ModulesRegistry.ts"

const root = join(import.meta.dirname, "../../..")
const run = promisify(execFile)
/** Longest start on a loaded machine. */
const START = { timeout: 120_000, interval: 50 }
/** The packages that the command needs, installed in this repository already. */
const PACKAGES = ["@effect", "@nats-io", "effect", "pg"]

const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) }
const folder = mkdtempSync(join(tmpdir(), "everstate-init-"))
const service = join(folder, "Book Shop")
const bin = "node_modules/everstate/dist/infra/bin/everstate.js"

/** Has the folder's node_modules hold the archive, and links to everything else. */
const unpack = async (archive: string): Promise<void> => {
  const modules = join(folder, "node_modules")
  mkdirSync(join(modules, "everstate"), { recursive: true })
  await run("tar", ["xzf", archive, "--strip-components=1", "-C", join(modules, "everstate")])
  for (const name of PACKAGES) symlinkSync(join(root, "node_modules", name), join(modules, name))
}

/** Kills what is left of the processes of a group. */
const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // All have ended.
  }
}

/** Resolves if something listens there. */
const reach = async (host: string, port: number): Promise<void> => {
  const socket = connect({ host, port })
  await once(socket, "connect")
  socket.destroy()
}

describe("a new service", () => {
  let installed = { stdout: "", stderr: "" }

  beforeAll(async () => {
    await builtPackage()
    const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder]
    const { stdout } = await run("npm", pack, { cwd: root })
    const archive = join(folder, stdout.trim().split("\n").at(-1) ?? "")
    await unpack(archive)
    await run(process.execPath, [bin, "init", "Book Shop"], { cwd: folder })
    const registry = await startModulesRegistry(archive)
    const flags = ["--registry", registry.url, "--cache", join(folder, "npm"), "--no-audit", "--no-fund"]
    installed = await run("npm", ["install", ...flags], { cwd: service, env })
    await registry.stop()
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

  it("is named after its folder, and asks for this version", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    const manifest = JSON.parse(readFileSync(join(service, "package.json"), "utf8"))
    expect(manifest).toMatchObject({ name: "book-shop", dependencies: { everstate: `^${version}` } })
  })

  it("is installed by npm without a warning", () => {
    expect(installed.stdout).toMatch(/added \d+ packages/)
    expect(installed.stderr).toBe("")
  })

  it("passes its tests", async () => {
    const { stdout } = await run("npm", ["test"], { cwd: service, env })
    expect(stdout).toMatch(/pass 5\b/)
  })

  /** Starts a program of the service, and waits until its output has the words. */
  const start = async (program: string, args: ReadonlyArray<string>, words: string, settings = {}) => {
    // A group of its own, so that what npm has started ends with the test as well.
    const child = spawn(program, args, { cwd: service, env: { ...env, ...settings }, detached: true })
    onTestFinished(() => killGroup(Number(child.pid)))
    let output = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text
      })
    }
    const ended = once(child, "close").then(([code]) => code as number | null)
    await vi.waitFor(() => expect(output).toContain(words), START)
    return { child, ended, output: () => output }
  }

  const startService = async (
    settings: NodeJS.ProcessEnv,
    program = process.execPath,
    args = ["src/main.ts"],
  ) => {
    const running = await start(program, args, "The service runs", { PORT: "0", ...settings })
    return { ...running, url: /The service runs at (\S+)/.exec(running.output())?.[1] ?? "" }
  }

  const post = (url: string, body: unknown) =>
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    })

  it("starts by `npm start`, takes commands over HTTP, and stops at Ctrl-C", async () => {
    const { url, child, ended } = await startService({}, "npm", ["start"])
    const opened = await post(`${url}/actors/account/ann/Open`, { owner: "Ann" })
    expect(opened.status).toBe(200)
    const account = await fetch(`${url}/actors/account/ann`)
    expect(await account.json()).toMatchObject({ state: "open", context: { owner: "Ann", balance: 0 } })
    expect((await fetch(`${url}/console/`)).status).toBe(200)
    // A terminal sends it to npm and to all that npm has started. The code is that of npm.
    process.kill(-Number(child.pid), "SIGINT")
    await ended
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })

  it("takes requests of other machines with a token alone, and stops in order at SIGTERM", async () => {
    const token = "a-token-that-nobody-guesses"
    const { url, child, ended } = await startService({
      HOST: "0.0.0.0",
      EVERSTATE_TOKENS: `viewer ann ${token}`,
    })
    const here = url.replace("0.0.0.0", "127.0.0.1")
    writeFileSync(join(folder, "token"), `${token}\n`)
    const list = [bin, "actors", "list", "account", "--url", here, "--json"]
    await expect(run(process.execPath, list, { cwd: folder })).rejects.toMatchObject({ code: 3 })
    const { stdout } = await run(process.execPath, [...list, "--token-file", "token"], { cwd: folder })
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ id: "ann" }] })
    const open = [bin, "actors", "ask", "account", "bob", "Open", '{"owner":"Bob"}', "--url", here]
    const viewer = run(process.execPath, [...open, "--token-file", "token"], { cwd: folder })
    await expect(viewer).rejects.toMatchObject({ code: 3 })
    child.kill("SIGTERM")
    expect(await ended).toBe(0)
  })

  it("runs under `everstate dev`: with the console, and again after a change, with its accounts kept", async () => {
    const dev = ["node_modules/.bin/everstate", "dev", "--port", "0", "--json"]
    const { child, ended, output } = await start(process.execPath, dev, '"url"')
    const rounds = () =>
      output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as { readonly url: string; readonly natsUrl: string })
    const [first] = rounds()
    expect((await post(`${first?.url}/actors/account/dan/Open`, { owner: "Dan" })).status).toBe(200)
    expect(
      await (await post(`${first?.url}/actors/account/dan/Withdraw`, { minor: 1 })).json(),
    ).toMatchObject({
      reason: "InsufficientFunds",
    })
    const console = await fetch(`${first?.url}/console/`)
    expect(console.headers.get("content-type")).toContain("text/html")
    expect(await console.text()).toContain("<script")

    const source = join(service, "src/Account.ts")
    writeFileSync(source, readFileSync(source, "utf8").replace("InsufficientFunds", "TooLittle"))
    await vi.waitFor(() => expect(rounds()).toHaveLength(2), START)
    const [, second] = rounds()
    const kept = await fetch(`${second?.url}/actors/account/dan`)
    expect(await kept.json()).toMatchObject({ version: 1, state: "open", context: { owner: "Dan" } })
    expect(
      await (await post(`${second?.url}/actors/account/dan/Withdraw`, { minor: 1 })).json(),
    ).toMatchObject({
      reason: "TooLittle",
    })

    child.kill("SIGINT")
    expect(await ended).toBe(0)
    await expect(fetch(`${second?.url}/healthz`)).rejects.toThrow()
    const { hostname, port } = new URL(second?.natsUrl ?? "")
    await expect(reach(hostname, Number(port))).rejects.toThrow("ECONNREFUSED")
  })

  it("is not written over anything", async () => {
    const refused = run(process.execPath, [bin, "init", "Book Shop"], { cwd: folder })
    await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("is not empty") })
    writeFileSync(join(folder, "a-file"), "")
    const onFile = run(process.execPath, [bin, "init", "a-file"], { cwd: folder })
    await expect(onFile).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("is a file") })
  })
})
