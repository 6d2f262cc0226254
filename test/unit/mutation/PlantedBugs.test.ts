/** The planted bugs fit the sources, and the run over them counts what the tests notice and nothing else. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { summaryOf } from "../../mutation/MutationReport.ts"
import { outcomeOf } from "../../mutation/MutationRun.ts"
import { type PlantedBug, plant, staleness } from "../../mutation/PlantedBug.ts"
import { plantedBugs } from "../../mutation/PlantedBugs.ts"
import type { TestFailure } from "../../mutation/TestRun.ts"

const root = join(import.meta.dirname, "../../..")

it("each of them has its text in its file once, and a name of its own", () => {
  const stale = plantedBugs.flatMap((bug) => {
    const reason = staleness(bug, readFileSync(join(root, bug.file), "utf8"))
    return reason === undefined ? [] : [`${bug.name}: ${reason}`]
  })
  expect(stale).toEqual([])
  expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length)
})

it("they are in the product and not in its tests", () => {
  for (const { file } of plantedBugs) expect(file).toMatch(/^(runtime|infra|actors|sagas)\//)
})

const bug: PlantedBug = {
  name: "one less",
  file: "runtime/Sum.ts",
  text: "a + b",
  replacement: "a + b - 1",
  isSeenBySimulation: false,
}

/** A tree of one file, and a stand-in for the tests that says what they find. */
const tree = (source: string, results: ReadonlyArray<TestFailure | undefined>) => {
  const copy = mkdtempSync(join(tmpdir(), "everstate-mutants-test-"))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  mkdirSync(join(copy, "runtime"))
  const path = join(copy, bug.file)
  writeFileSync(path, source)
  const ran: Array<string> = []
  const planted: Array<string> = []
  const read = () => readFileSync(path, "utf8")
  let clockMs = 0
  const run = async ({ args }: { readonly args: ReadonlyArray<string> }) => {
    planted.push(read())
    clockMs += 1_000
    const [, tier, excluded, ...rest] = args
    const files = rest.filter((text) => !text.startsWith("--"))
    expect(excluded).toBe("--exclude=test/unit/mutation/**")
    return results[ran.push([tier, ...files].join(" ")) - 1]
  }
  const options = { root: copy, tiers: ["unit", "simulation"] as const, nowMs: () => clockMs, run }
  return { copy, options, ran, planted, read }
}

const failure: TestFailure = { file: "test/unit/Sum.test.ts", test: "adds" }

it("a bug that a test notices twice is noticed, and taken out again", async () => {
  const { options, ran, planted, read } = tree("const sum = a + b", [failure, failure])
  const outcome = await outcomeOf(bug, options)
  expect(outcome).toMatchObject({ tier: "unit", failure, elapsedMs: 1_000, unsteady: [] })
  expect(ran).toEqual(["unit", "unit test/unit/Sum.test.ts"])
  expect(planted).toEqual(["const sum = a + b - 1", "const sum = a + b - 1"])
  expect(read()).toBe("const sum = a + b")
})

it("the unit tests of the bug's own room are asked before all others", async () => {
  const { copy, options, ran } = tree("const sum = a + b", [undefined, failure, failure])
  mkdirSync(join(copy, "test", "unit", "sum"), { recursive: true })
  mkdirSync(join(copy, "runtime", "sum"))
  writeFileSync(join(copy, "runtime", "sum", "Sum.ts"), "const sum = a + b")
  const outcome = await outcomeOf({ ...bug, file: "runtime/sum/Sum.ts" }, options)
  expect(outcome).toMatchObject({ tier: "unit", elapsedMs: 2_000 })
  expect(ran).toEqual(["unit test/unit/sum", "unit", "unit test/unit/Sum.test.ts"])
})

it("so are the tests of the bug's room in other tiers, and of the contracts those of its port", async () => {
  const { copy, options, ran } = tree("", [])
  const file = "infra/wire/JournalRead.ts"
  for (const folder of ["infra/wire", "test/integration/wire", "runtime/contract"]) {
    mkdirSync(join(copy, folder), { recursive: true })
  }
  for (const port of ["Journal", "Leases"])
    writeFileSync(join(copy, "runtime", "contract", `${port}Contract.ts`), "")
  writeFileSync(join(copy, file), "const sum = a + b")
  await outcomeOf({ ...bug, file }, { ...options, tiers: ["contract", "integration"] })
  expect(ran).toEqual([
    "contract test/contract/Journal",
    "contract",
    "integration test/integration/wire",
    "integration",
  ])
})

it("the short run is asked before the rest of the simulation, and its share is told", async () => {
  const found: TestFailure = { file: "test/simulation/ShortRun.test.ts", test: "desks" }
  const { copy, options, ran } = tree("const sum = a + b", [found, found])
  mkdirSync(join(copy, "test", "simulation"), { recursive: true })
  writeFileSync(join(copy, "test", "simulation", "ShortRun.test.ts"), "")
  const seen = { ...bug, isSeenBySimulation: true }
  const short = await outcomeOf(seen, { ...options, tiers: ["simulation"] })
  expect(ran).toEqual([`simulation ${found.file}`, `simulation ${found.file} ${found.file}`])
  const rest = { ...short, failure: { file: "test/simulation/Simulate.test.ts", test: "order" } }
  expect(summaryOf([short, rest])).toContain("noticed 2 of those that came to it, 1 by its short run (50 %)")
})

it("a test that fails once does not count: the tier is run to its end", async () => {
  const { options, ran } = tree("const sum = a + b", [failure, undefined, undefined, undefined])
  const outcome = await outcomeOf(bug, options)
  expect(outcome).toMatchObject({ tier: undefined, unsteady: ["adds"] })
  expect(ran).toEqual(["unit", "unit test/unit/Sum.test.ts", "unit", "simulation"])
})

it("a survivor of one tier goes to the next, and one of all is listed by name", async () => {
  const survivor = await outcomeOf(bug, tree("const sum = a + b", []).options)
  const hang: TestFailure = { file: undefined, test: "not over after 300 s" }
  const caught = await outcomeOf(bug, tree("const sum = a + b", [undefined, hang]).options)
  expect(caught).toMatchObject({ tier: "simulation", failure: hang })
  const summary = summaryOf([survivor, caught])
  expect(summary).toContain("1 of 2 planted bugs noticed (50 %)")
  expect(summary).toContain("Survivors:\n  one less  (runtime/Sum.ts)")
})

it("a stale bug is refused by name, and so is one that changes nothing", () => {
  const { copy, read } = tree("const sum = add(a, b)", [])
  expect(() => plant(copy, bug)).toThrow('"one less" is stale: its text is 0 times in runtime/Sum.ts')
  expect(read()).toBe("const sum = add(a, b)")
  expect(staleness(bug, "a + b + a + b")).toContain("2 times")
  expect(staleness({ ...bug, replacement: bug.text }, "a + b")).toBe("it changes nothing")
})
