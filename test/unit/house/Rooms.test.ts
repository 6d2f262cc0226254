import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { circlesOf, importsOf, type RoomImport, roomImports } from "../../house/Rooms.ts"

const root = join(import.meta.dirname, "../../..")

describe("the rooms of the house", () => {
  const imports = roomImports(root)

  it("form no circle", () => {
    expect(circlesOf(imports).flatMap((circle) => circle.imports)).toEqual([])
  })

  it("form no circle where a room is taken with the rooms inside it", () => {
    const outer = (room: string): string => room.split("/").slice(0, 2).join("/")
    const merged = imports
      .map((each) => ({ ...each, from: outer(each.from), to: outer(each.to) }))
      .filter(({ from, to }) => from !== to)
    expect(circlesOf(merged).flatMap((circle) => circle.imports)).toEqual([])
  })

  it("are all found", () => {
    const rooms = new Set(imports.flatMap(({ from, to }) => [from, to]))
    for (const room of ["runtime/cell", "infra/nats/journal", "infra/reference/service", "infra/system"]) {
      expect(rooms).toContain(room)
    }
  })
})

it("docs/ARCHITECTURE.md says what each room of infra/ owns", () => {
  const page = readFileSync(join(root, "docs/ARCHITECTURE.md"), "utf8")
  const rooms = new Set(roomImports(root).flatMap(({ from, to }) => [from, to]))
  const inner = [...rooms].filter((room) => room.startsWith("infra/")).map((room) => room.slice(6))
  expect(inner.filter((room) => !new RegExp(`^\\|.*\`${room}/\`.*\\|.*\\|$`, "m").test(page))).toEqual([])
})

describe("a circle", () => {
  /** Rooms `a → b` as imports of files. */
  const edges = (...pairs: ReadonlyArray<string>): ReadonlyArray<RoomImport> =>
    pairs.map((pair) => {
      const [from = "", to = ""] = pair.split("→")
      return { from, to, file: `${from}/One.ts`, imported: `${to}/Two.ts` }
    })
  const circles = (...pairs: ReadonlyArray<string>) => circlesOf(edges(...pairs)).map(({ rooms }) => rooms)

  it("is two rooms that import from each other", () => {
    expect(circles("a→b", "b→a")).toEqual([["a", "b"]])
  })

  it("is found over several rooms, and without the rooms beside it", () => {
    expect(circles("top→a", "a→b", "b→c", "c→a", "c→bottom")).toEqual([["a", "b", "c"]])
  })

  it("is found twice where there are two", () => {
    expect(circles("a→b", "b→a", "b→c", "c→d", "d→c")).toEqual([
      ["c", "d"],
      ["a", "b"],
    ])
  })

  it("is not a room that two roads lead to", () => {
    expect(circles("a→b", "a→c", "b→d", "c→d")).toEqual([])
  })
})

it("imports and re-exports are found, type-only and lazy ones included", () => {
  const source = `
    import { one } from "./One.ts"
    import type { Two } from "./Two.ts"
    export { three } from "./Three.ts"
    export * from "./Four.ts"
    const five = await import("./Five.ts")
    const text = 'import "./Six.ts"'
  `
  expect(importsOf("Any.ts", source).toSorted()).toEqual([
    "./Five.ts",
    "./Four.ts",
    "./One.ts",
    "./Three.ts",
    "./Two.ts",
  ])
})

it("a circle on the disk names its imports", () => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-rooms-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const write = (path: string, source: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), source)
  }
  write("runtime/a/One.ts", 'import { two } from "../b/Two.ts"\nexport const one = two\n')
  write("runtime/b/Two.ts", "export const two = 2\n")
  write("runtime/b/Three.ts", 'import type { Four } from "../a/Four.ts"\nexport type Three = Four\n')
  write("runtime/a/Four.ts", "export type Four = 4\n")
  const [circle] = circlesOf(roomImports(folder, ["runtime"]))
  expect(circle?.rooms).toEqual(["runtime/a", "runtime/b"])
  expect(circle?.imports.map(({ file }) => file).toSorted()).toEqual([
    "runtime/a/One.ts",
    "runtime/b/Three.ts",
  ])
})
