import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { type FloorRule, floorRules, runtimeFloors } from "./RuntimeFloors.ts"

const runtime = new URL("../../../runtime/", import.meta.url)
const architecture = new URL("../../../docs/ARCHITECTURE.md", import.meta.url)

/** Names of the rules that forbid this import, read as dependency-cruiser reads them. */
const breachedBy = (rules: ReadonlyArray<FloorRule>, importing: string, imported: string) =>
  rules
    .filter(({ from, to }) => {
      const match = new RegExp(from.path).exec(importing)
      if (match === null) return false
      const isExempt = from.pathNot !== undefined && new RegExp(from.pathNot).test(importing)
      const isAllowed = to.pathNot?.replace("$1", match[1] ?? "")
      return (
        !isExempt &&
        new RegExp(to.path ?? "").test(imported) &&
        !(isAllowed !== undefined && new RegExp(isAllowed).test(imported))
      )
    })
    .map(({ name }) => name)

describe("the floors of runtime/", () => {
  it("have every room once, and no other", () => {
    const rooms = readdirSync(runtime, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
    expect(runtimeFloors.flat().toSorted()).toEqual(rooms.toSorted())
  })

  it("are told in the same order by docs/ARCHITECTURE.md", () => {
    const rows = readFileSync(architecture, "utf8").matchAll(/^\| (\d+) \| `(\w+)\/` \|/gm)
    const told = [...rows].map(([, floor, room]) => [Number(floor), room])
    expect(told).toEqual(runtimeFloors.flatMap((rooms, index) => rooms.map((room) => [index + 1, room])))
  })

  const rules = floorRules([["ground"], ["left", "right"], ["top"]])

  it.each([
    ["ground/A.ts", "ground/B.ts"],
    ["left/A.ts", "left/B.ts"],
    ["left/A.ts", "ground/B.ts"],
    ["top/A.ts", "right/B.ts"],
    ["top/deep/A.ts", "top/B.ts"],
    ["index.ts", "top/A.ts"],
  ])("let %s import %s", (importing, imported) => {
    expect(breachedBy(rules, `runtime/${importing}`, `runtime/${imported}`)).toEqual([])
  })

  it.each([
    ["ground/A.ts", "left/B.ts", "floor-1-imports-lower-floors-only"],
    ["left/A.ts", "right/B.ts", "floor-2-imports-lower-floors-only"],
    ["left/A.ts", "lefter/B.ts", "floor-2-imports-lower-floors-only"],
    ["right/A.ts", "top/B.ts", "floor-2-imports-lower-floors-only"],
    ["top/A.ts", "index.ts", "floor-3-imports-lower-floors-only"],
    ["shed/A.ts", "ground/B.ts", "every-room-is-on-a-floor"],
  ])("do not let %s import %s", (importing, imported, rule) => {
    expect(breachedBy(rules, `runtime/${importing}`, `runtime/${imported}`)).toEqual([rule])
  })
})
