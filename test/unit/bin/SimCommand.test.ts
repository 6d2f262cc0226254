/** `everstate sim` with the scenarios of a user's module, as a process. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { startEverstate } from "../../fixtures/bin/EverstateProcess.ts"

const counter = pathToFileURL(join(import.meta.dirname, "../../fixtures/memory/Counter.ts")).href
const folder = mkdtempSync(join(tmpdir(), "everstate-sim-"))

const LOAD = `
import { Counter } from ${JSON.stringify(counter)}
const adds = {
  actors: [Counter],
  workload: function* ({ random }) {
    for (let n = 0; n < 6; n++) yield { actor: Counter, id: random.pick(["a", "b"]), command: { type: "Add", by: 1 } }
  },
}
`

const PLANTED = `{ ...adds, invariants: { "nobody counts to three": ({ state }) => state.context.total < 3 } }`

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)

beforeAll(() => {
  write("package.json", '{"type":"module"}')
  mkdirSync(join(folder, "test"))
  write("test/scenarios.ts", `${LOAD}export const scenarios = { adds, planted: ${PLANTED} }\n`)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const sim = async (...args: ReadonlyArray<string>) => {
  const verb = startEverstate(["sim", ...args], { cwd: folder })
  const exitCode = await verb.ended
  return { exitCode, stdout: verb.stdout(), stderr: verb.stderr() }
}

describe("a scenario that keeps its promises", () => {
  it("ends with 0, and tells what was reached", async () => {
    const { exitCode, stdout, stderr } = await sim("--scenario", "adds", "--seeds", "5", "--twice", "2")
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(stdout).toContain("5 seeds, 2 of them twice with the same steps, 0 of 1 scenarios failed.")
    expect(stdout).toMatch(/^statecharts\nstates +1 of 2$/m)
  })

  it("with --json writes results alone to stdout, and the whole report into a file", async () => {
    const { exitCode, stdout } = await sim(
      "--scenario",
      "adds",
      "--seeds",
      "2",
      "--json",
      "--report",
      "all.json",
    )
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject([{ scenario: "adds", seeds: 2, repeatedCount: 2 }])
    const report = JSON.parse(readFileSync(join(folder, "all.json"), "utf8"))
    expect(report).toMatchObject({ results: JSON.parse(stdout), coverage: { text: expect.any(String) } })
  })
})

describe("a scenario that breaks a promise", () => {
  it("ends with 1, is shrunk and saved, and fails again by the command that it tells", async () => {
    const { exitCode, stderr } = await sim("--seeds", "3", "--save", "failures")
    expect(exitCode).toBe(1)
    expect(stderr).toContain("nobody counts to three: counter/")
    expect(stderr).toMatch(/shrunk in \d+ runs to 3 steps/)
    expect(stderr).toMatch(/^1 scenario failed: planted \(seed 1\)\.$/m)
    const again = /^Again: npx everstate sim (.+)$/m.exec(stderr)?.[1] ?? ""
    expect(again).toBe('test/scenarios.ts --scenario "planted" --seed 1 --seeds 1')
    expect(readdirSync(join(folder, "failures"))).toEqual(["planted-1.json"])
    const saved = JSON.parse(readFileSync(join(folder, "failures/planted-1.json"), "utf8"))
    expect(saved).toMatchObject({ scenario: "planted", seed: 1, promise: "nobody counts to three" })
    const repeated = await sim(...again.replaceAll('"', "").split(" "), "--json")
    expect(repeated.exitCode).toBe(1)
    expect(JSON.parse(repeated.stdout)).toMatchObject([{ scenario: "planted", failure: { seed: 1 } }])
    const last = repeated.stderr.trim().split("\n").at(-1) ?? ""
    expect(JSON.parse(last)).toMatchObject({ error: "1 scenario failed: planted (seed 1).", exitCode: 1 })
  })
})

describe("a scenario with an odd name, in a file with one", () => {
  it("is repeated by the command that it tells, as a shell reads it", async () => {
    const [file, name] = ["odd scenes.ts", 'the "odd" $HOME $& one']
    write(file, `${LOAD}export const scenarios = { ${JSON.stringify(name)}: ${PLANTED} }\n`)
    const { stderr } = await sim(file, "--seeds", "1")
    const again = /^Again: npx everstate sim (.+)$/m.exec(stderr)?.[1] ?? ""
    const words = execFileSync("sh", ["-c", `printf '%s\\n' ${again}`], { encoding: "utf8" })
      .trim()
      .split("\n")
    expect(words).toEqual([file, "--scenario", name, "--seed", "1", "--seeds", "1"])
  })
})

describe("a module that is not one of scenarios", () => {
  it.each([
    ["no scenarios", "exports no `scenarios`", "export const other = 1"],
    ["none of them", "exports no `scenarios`", "export const scenarios = {}"],
    ["no actors", 'Scenario "bare" of', "export const scenarios = { bare: {} }"],
    [
      "no workload",
      "has no `workload`",
      `${LOAD}export const scenarios = { idle: { ...adds, workload: undefined } }`,
    ],
    ["a function", "has no `actors`", `${LOAD}export const scenarios = { late: () => adds }`],
  ])("ends with 2 and says what it lacks: %s", async (_, words, source) => {
    write("wrong.ts", `${source}\n`)
    const { exitCode, stdout, stderr } = await sim("wrong.ts", "--seeds", "1")
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" })
    expect(stderr).toContain(words)
    expect(stderr).toContain("options of `simulate`")
  })

  it("ends with 2 and says what to write for a workload that no seed decides", async () => {
    const workload = `async () => { throw new Error("a file is missing") }`
    write("async.ts", `${LOAD}export const scenarios = { late: { ...adds, workload: ${workload} } }\n`)
    const { exitCode, stderr } = await sim("async.ts", "--seeds", "1")
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^The workload is an async function\./m)
    expect(stderr).toMatch(/^Write a generator that ends: function\*/m)
    expect(stderr).not.toContain("a file is missing")
  })

  it("names the scenarios that there are", async () => {
    const { exitCode, stderr } = await sim("--scenario", "nope")
    expect(exitCode).toBe(2)
    expect(stderr).toContain("there are: adds, planted")
  })

  it("shows the line of a workload that throws", async () => {
    write(
      "throws.ts",
      `${LOAD}const workload = function* () {\n  throw new Error("my own bug")\n}\nexport const scenarios = { throws: { ...adds, workload } }\n`,
    )
    const { exitCode, stderr } = await sim("throws.ts", "--seeds", "1")
    expect(exitCode).toBe(1)
    expect(stderr).toContain("my own bug")
    expect(stderr).toMatch(/throws\.ts:\d+/)
  })
})

it("a signal ends it in the middle of a run", async () => {
  write(
    "long.ts",
    `${LOAD}import { writeFileSync } from "node:fs"
const workload = function* (given) {
  writeFileSync("playing", "")
  yield* adds.workload(given)
}
export const scenarios = { long: { ...adds, workload } }\n`,
  )
  const verb = startEverstate(["sim", "long.ts", "--seeds", "300"], { cwd: folder })
  await vi.waitFor(() => expect(existsSync(join(folder, "playing"))).toBe(true), { timeout: 60_000 })
  verb.child.kill("SIGINT")
  expect(await verb.ended).toBeNull()
  expect(verb.child.signalCode).toBe("SIGINT")
  expect(verb.stdout()).toBe("")
})
