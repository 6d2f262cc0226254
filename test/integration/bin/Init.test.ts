/** `everstate init` from the packed archive: the new service passes its tests and runs. */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest"
import { builtPackage } from "../../fixtures/package/BuiltPackage.ts"

const root = join(import.meta.dirname, "../../..")
const run = promisify(execFile)
/** Longest start on a loaded machine. */
const START = { timeout: 120_000, interval: 50 }
/** The packages that the archive needs, and those of the new service: installed in this repository already. */
const PACKAGES = ["@effect", "@nats-io", "@types", "effect", "pg", "typescript", "xstate"]

const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) }
const folder = mkdtempSync(join(tmpdir(), "everstate-init-"))
const service = join(folder, "Book Shop")
const bin = "node_modules/everstate/dist/infra/bin/everstate.js"

/** Has the folder's node_modules hold the archive, and links to everything else. */
const install = async (archive: string, target: string): Promise<void> => {
  const modules = join(target, "node_modules")
  mkdirSync(join(modules, "everstate"), { recursive: true })
  await run("tar", ["xzf", archive, "--strip-components=1", "-C", join(modules, "everstate")])
  for (const name of [...PACKAGES, ".bin"]) {
    symlinkSync(join(root, "node_modules", name), join(modules, name))
  }
}

describe("a new service", () => {
  beforeAll(async () => {
    await builtPackage()
    const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder]
    const { stdout } = await run("npm", pack, { cwd: root })
    const archive = join(folder, stdout.trim().split("\n").at(-1) ?? "")
    await install(archive, folder)
    await run(process.execPath, [bin, "init", "Book Shop"], { cwd: folder })
    await install(archive, service)
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

  it("is named after its folder, and asks for this version", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    const manifest = JSON.parse(readFileSync(join(service, "package.json"), "utf8"))
    expect(manifest).toMatchObject({ name: "book-shop", dependencies: { everstate: `^${version}` } })
  })

  it("passes its tests", async () => {
    const { stdout } = await run("npm", ["test"], { cwd: service, env })
    expect(stdout).toMatch(/pass 5\b/)
  })

  /** Starts the service, and waits until it listens. */
  const start = async (settings: NodeJS.ProcessEnv) => {
    const child = spawn(process.execPath, ["src/main.ts"], {
      cwd: service,
      env: { ...env, PORT: "0", ...settings },
    })
    onTestFinished(() => void child.kill("SIGKILL"))
    let output = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text
      })
    }
    await vi.waitFor(() => expect(output).toContain("The service runs"), START)
    const stop = async () => {
      child.kill("SIGTERM")
      return (await once(child, "close"))[0]
    }
    return { url: /The service runs at (\S+)/.exec(output)?.[1] ?? "", stop }
  }

  it("starts, takes commands over HTTP, and stops in order at SIGTERM", async () => {
    const { url, stop } = await start({})
    const opened = await fetch(`${url}/actors/account/ann/Open`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ owner: "Ann" }),
    })
    expect(opened.status).toBe(200)
    const account = await fetch(`${url}/actors/account/ann`)
    expect(await account.json()).toMatchObject({ state: "open", context: { owner: "Ann", balance: 0 } })
    expect((await fetch(`${url}/console/`)).status).toBe(200)
    expect(await stop()).toBe(0)
  })

  it("takes requests of other machines with a token alone", async () => {
    const token = "a-token-that-nobody-guesses"
    const { url, stop } = await start({ HOST: "0.0.0.0", EVERSTATE_TOKENS: `viewer ann ${token}` })
    const here = url.replace("0.0.0.0", "127.0.0.1")
    writeFileSync(join(folder, "token"), `${token}\n`)
    const list = [bin, "actors", "list", "account", "--url", here, "--json"]
    await expect(run(process.execPath, list, { cwd: folder })).rejects.toMatchObject({ code: 3 })
    const { stdout } = await run(process.execPath, [...list, "--token-file", "token"], { cwd: folder })
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ id: "ann" }] })
    const open = [bin, "actors", "ask", "account", "bob", "Open", '{"owner":"Bob"}', "--url", here]
    const viewer = run(process.execPath, [...open, "--token-file", "token"], { cwd: folder })
    await expect(viewer).rejects.toMatchObject({ code: 3 })
    expect(await stop()).toBe(0)
  })

  it("is not written over anything", async () => {
    const refused = run(process.execPath, [bin, "init", "Book Shop"], { cwd: folder })
    await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("is not empty") })
    writeFileSync(join(folder, "a-file"), "")
    const onFile = run(process.execPath, [bin, "init", "a-file"], { cwd: folder })
    await expect(onFile).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("is a file") })
  })
})
