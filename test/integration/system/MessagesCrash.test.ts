/** A process that exchanges messages, sets timers and makes calls, killed again and again. */
import { spawn } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest"
import { COUNTERS, Errand, errandActors, Ledger, Tally, work } from "./Errands.ts"
import { eventually, freshNamespace, type RealServers, realServers, startSystem } from "./SystemFixture.ts"

let servers: RealServers
let folder: string
beforeAll(async () => {
  servers = await realServers()
  folder = await mkdtemp(join(tmpdir(), "everstate-errands-"))
})
afterAll(async () => {
  await servers.stop()
  await rm(folder, { recursive: true, force: true })
})

const host = fileURLToPath(new URL("ErrandHost.ts", import.meta.url))

/** Errands that each life begins. */
const ERRANDS = 60

/** When each life is killed: so many were told to begin, or have made their call. The timers of one ring in the next. */
const KILLED_AT = [
  ["told", 59],
  ["told", 1],
  ["worked", 54],
  ["told", 24],
] as const

const namesOf = (life: number) => Array.from({ length: ERRANDS }, (_, index) => `e${life * ERRANDS + index}`)

/** A life of the host that begins `errands` and is killed when so many have come so far; those that were told. */
const live = async (
  namespace: string,
  errands: ReadonlyArray<string>,
  [what, count]: (typeof KILLED_AT)[number],
) => {
  const args = ["--no-warnings", host, servers.natsUrl, servers.postgresUrl, namespace, work.file]
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })
  onTestFinished(() => void child.kill("SIGKILL"))
  child.stdin.on("error", () => undefined)
  const come = { told: [] as Array<string>, worked: [] as Array<string> }
  for await (const line of createInterface({ input: child.stdout })) {
    const [said, errand = ""] = line.split(" ")
    if (said === "ready") child.stdin.write(`${errands.join("\n")}\n`)
    else if (said === "told" || said === "worked") come[said].push(errand)
    if (come[what].length === count) child.kill("SIGKILL")
  }
  return come.told
}

it("FAULT 14, FAULT 55 and FAULT 62: kill -9 of a process at work with messages, timers and calls loses and repeats nothing", async () => {
  const namespace = freshNamespace()
  work.file = join(folder, namespace)
  const told: Array<string> = []
  for (const [life, killedAt] of KILLED_AT.entries()) {
    told.push(...(await live(namespace, namesOf(life), killedAt)))
  }
  expect(told.length).toBeGreaterThanOrEqual(140)

  const system = await startSystem(servers, { namespace, actors: errandActors })
  const isOver = async (errand: string) => (await system.get(Errand, errand).state()).state.matches("over")
  for (const errand of told) await eventually(() => isOver(errand))
  // A tell whose confirmation was lost may have been stored all the same: then it is done as well, and once.
  const begun: Array<string> = []
  for (const errand of KILLED_AT.flatMap((_, life) => namesOf(life))) {
    if ((await system.get(Errand, errand).state()).version > 0) begun.push(errand)
  }
  for (const errand of begun) await eventually(() => isOver(errand))
  const countsOf = async (counter: typeof Ledger | typeof Tally) => {
    const counts: Record<string, number> = {}
    for (let n = 0; n < COUNTERS; n++) {
      Object.assign(counts, (await system.get(counter as typeof Tally, `n${n}`).state()).state.context.counts)
    }
    return counts
  }
  await eventually(async () => Object.keys(await countsOf(Tally)).length === begun.length)
  await eventually(async () => (await system.status()).messages.openCount === 0)
  const once = Object.fromEntries(begun.map((errand) => [errand, 1]))
  expect(await countsOf(Ledger)).toEqual(once)
  expect(await countsOf(Tally)).toEqual(once)
  for (const errand of begun) {
    expect(await system.get(Errand, errand).state()).toMatchObject({
      version: 4,
      state: { context: { answers: 1, outputs: [errand], rings: 1 } },
    })
  }
  // A call may be made twice, and says so: both times with the same key.
  const keys = new Set((await readFile(work.file, "utf8")).trim().split("\n"))
  expect(keys.size).toBe(begun.length)
  expect(await system.deadLetters.list()).toEqual([])
})
