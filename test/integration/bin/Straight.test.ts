/** Verbs of `everstate` as processes, on real servers: a module's actors, the journal, the doctor, and `dev`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import type { EmbeddedServers } from "../../../infra/embedded.ts"
import { startEverstate } from "../../fixtures/bin/EverstateProcess.ts"
import { startNewServers } from "../../fixtures/postgres/NewDatabase.ts"

/** Longest start on a loaded machine. */
const START = { timeout: 120_000, interval: 50 }

const root = join(import.meta.dirname, "../../..")
const folder = mkdtempSync(join(tmpdir(), "everstate-bin-"))
const counter = pathToFileURL(join(root, "test/fixtures/memory/Counter.ts")).href
let servers: EmbeddedServers

beforeAll(async () => {
  servers = await startNewServers({ folder: join(folder, "servers") })
  writeFileSync(join(folder, "package.json"), '{"type":"module"}')
  writeFileSync(join(folder, "definitions.ts"), `export { Counter } from ${JSON.stringify(counter)}\n`)
})

afterAll(async () => {
  await servers.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

const env = () => ({ NATS_URL: servers.natsUrl, DATABASE_URL: servers.postgresUrl })

const run = async (...args: ReadonlyArray<string>) => {
  const verb = startEverstate(args, { cwd: folder, env: env() })
  const exitCode = await verb.ended
  return { exitCode, stdout: verb.stdout(), stderr: verb.stderr() }
}

it("works straight on NATS and Postgres with a module, and reads the journal without one", async () => {
  const asked = await run("actors", "ask", "counter", "a", "Add", '{"by":3}', "--json")
  expect(asked).toMatchObject({ exitCode: 0, stderr: "" })
  expect(JSON.parse(asked.stdout)).toMatchObject({ version: 1, reply: { total: 3 } })

  const history = JSON.parse((await run("actors", "history", "counter", "a", "--json")).stdout)
  expect(history.items).toMatchObject([{ version: 1, type: "Added" }])

  const verified = await run("journal", "verify", "--json")
  expect(JSON.parse(verified.stdout)).toMatchObject({ recordCount: 1, actorCount: 1, faultCount: 0 })

  const file = join(folder, "journal.ndjson")
  expect((await run("journal", "export", "--out", file)).exitCode).toBe(0)
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ key: "counter/a", commit: { first: 1 } })
  expect((await run("journal", "export", "--out", file)).exitCode).toBe(2)

  const tail = startEverstate(["journal", "tail", "--json"], { env: env() })
  await vi.waitFor(() => expect(tail.stdout()).toContain("\n"), START)
  expect(JSON.parse(tail.stdout())).toMatchObject({ type: "counter", id: "a", version: 1 })
  tail.child.kill("SIGINT")
  expect(await tail.ended).toBe(130)

  const doctor = await run("doctor", "--json")
  expect(doctor.exitCode).toBe(0)
  const { findings } = JSON.parse(doctor.stdout)
  expect(findings.filter(({ health }: { health: string }) => health === "fault")).toEqual([])
  expect(findings.map(({ about }: { about: string }) => about)).toEqual(
    expect.arrayContaining([
      "module",
      "journal",
      "bucket KV_everstate-cluster",
      "clock of NATS",
      "schema everstate",
    ]),
  )
})

it("reads actors, histories, dead letters and offsets without definitions", async () => {
  const told = await run("actors", "tell", "counter", "b", "Refuse", "--json", "--namespace", "raw")
  expect(told.exitCode).toBe(0)
  expect((await run("actors", "ask", "counter", "a", "Add", '{"by":3}', "--namespace", "raw")).exitCode).toBe(
    0,
  )

  // Each of these runs is a node for as long as it lasts, and delivers messages and fills read models.
  let letterCount = 0
  while (letterCount === 0) {
    letterCount = JSON.parse((await run("dead-letters", "list", "--namespace", "raw", "--json")).stdout).items
      .length
  }
  expect((await run("projections", "wait", "everstate_actors", "--namespace", "raw")).exitCode).toBe(0)
  const rebuild = ["projections", "rebuild", "everstate_actors", "--yes", "--namespace", "raw"]
  expect((await run(...rebuild)).exitCode).toBe(0)

  const nowhere = join(folder, "servers")
  const raw = async (...args: ReadonlyArray<string>) => {
    const verb = startEverstate([...args, "--namespace", "raw", "--json"], { cwd: nowhere, env: env() })
    const exitCode = await verb.ended
    return {
      exitCode,
      stderr: verb.stderr(),
      document: exitCode === 0 ? JSON.parse(verb.stdout()) : undefined,
    }
  }
  const { document: actor } = await raw("actors", "show", "counter", "a")
  expect(actor).toMatchObject({ type: "counter", id: "a", version: 1, state: "open" })
  const { document: history } = await raw("actors", "history", "counter", "a")
  expect(history.items).toMatchObject([{ version: 1, type: "Added", data: { by: 3 } }])
  const { document: list } = await raw("actors", "list", "counter", "--prefix", "a")
  expect(list.items).toMatchObject([{ id: "a", version: 1 }])
  const { document: letters } = await raw("dead-letters", "list")
  expect(letters.items).toMatchObject([{ key: "counter/b", reason: "Rejected" }])
  expect((await raw("dead-letters", "show", String(letters.items[0].number))).document).toEqual(
    letters.items[0],
  )
  const { document: projections } = await raw("projections", "list")
  expect(projections.items).toContainEqual(expect.objectContaining({ name: "everstate_actors", lag: 0 }))

  expect((await raw("actors", "show", "counter", "nobody")).exitCode).toBe(4)
  const refused = await raw("actors", "at", "counter", "a", "--version-at", "1")
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--module") })
})

it("starts a module again when a source changes, with its state kept", async () => {
  const args = ["dev", "--port", "0", "--json", "--namespace", "dev"]
  const dev = startEverstate(args, { cwd: folder, env: env() })
  const urls = () =>
    dev
      .stdout()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => (JSON.parse(line) as { url: string }).url)
  await vi.waitFor(() => expect(urls()).toHaveLength(1), START)
  const add = await fetch(`${urls()[0]}/actors/counter/a/Add`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ by: 3 }),
  })
  expect(add.status).toBe(200)

  const source = join(folder, "definitions.ts")
  const text = readFileSync(source, "utf8")
  writeFileSync(source, "this is no source")
  await vi.waitFor(() => expect(dev.stderr()).toContain("cannot be imported"), START)
  writeFileSync(source, `${text}\n// changed\n`)
  await vi.waitFor(() => expect(urls()).toHaveLength(2), START)
  const kept = await fetch(`${urls()[1]}/actors/counter/a`)
  expect(await kept.json()).toMatchObject({ version: 1 })

  dev.child.kill("SIGINT")
  expect(await dev.ended).toBe(0)
  await expect(fetch(`${urls()[1]}/healthz`)).rejects.toThrow()
})
