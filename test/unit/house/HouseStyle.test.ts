import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { breachesOf, fileLineCountMax } from "./HouseStyle.ts"

const root = new URL("../../../", import.meta.url)

/** Tracked files and those about to be: what a commit could carry. */
const listFiles = (): ReadonlyArray<string> =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
  })
    .split("\0")
    .filter((path) => path !== "" && existsSync(new URL(encodeURI(path), root)))

const isText = (bytes: Buffer): boolean => !bytes.includes(0)

const rulesOf = (path: string, source: string) => breachesOf(path, source).map((breach) => breach.rule)

describe("the house", () => {
  it("is kept in every file", () => {
    const paths = listFiles()
    const breaches = paths.flatMap((path) => {
      const bytes = readFileSync(new URL(encodeURI(path), root))
      return isText(bytes) ? breachesOf(path, bytes.toString("utf8")) : []
    })
    expect(paths).toContain("package.json")
    expect(breaches.map(({ path, line, rule, hint }) => `${path}:${line} ${rule}: ${hint}`)).toEqual([])
  })
})

describe("the determinism rule", () => {
  it.each([
    "export const at = Date.now()",
    "export const at = Date['now']()",
    "export const at = new Date()",
    "export const at = Date()",
    "export const { now } = Date",
    "const D = Date; export const at = new D()",
    "export const at = globalThis.Date.now()",
    "export const at = new globalThis.Date()",
    "export const at = Date[key]()",
    "export const dice = Math.random()",
    "export const { random } = Math",
    "export const id = crypto.randomUUID()",
    "import { randomUUID } from 'somewhere'",
    "import { randomUUID as id } from 'somewhere'",
    "setTimeout(() => 1, 5)",
    "globalThis.setTimeout(() => 1, 5)",
    "globalThis['setInterval'](() => 1, 5)",
    "export const later = { setImmediate }",
    "export const later = setInterval as unknown",
    "queueMicrotask(() => 1)",
    "export const url = process.env.NATS_URL",
    "export const { env } = process",
    "console.log(1)",
    "export const text = `it is $" + "{Date.now()}`",
    "export const at = /* Date */ performance.now()",
  ])("refuses %s", (source) => {
    expect(rulesOf("runtime/cell/Cell.ts", source)).toContain("determinism")
    expect(rulesOf("actors/order/Order.ts", source)).toContain("determinism")
    expect(rulesOf("sagas/Fulfilment.ts", source)).toContain("determinism")
  })

  it.each([
    "// Date.now() is banned here",
    "/** Use the Clock, never `new Date()` or setTimeout. */",
    "export const text = 'Date.now() and Math.random()'",
    "export const pattern = /Date.now()|console.log/",
    "export const at = new Date(0)",
    "export const at = Date.parse('2026-01-01')",
    "export const isDate = (x: unknown) => x instanceof Date",
    "export interface Port { readonly process: (d: Date) => void }",
    "export const most = Math.max(1, 2)",
    "export const handlers = { process: 1, console: 2 }",
    "declare const job: { process(): void }\njob.process()",
    "export type Timer = typeof setTimeout",
  ])("allows %s", (source) => {
    expect(rulesOf("runtime/cell/Cell.ts", source)).toEqual([])
  })

  it("leaves adapters and tests alone", () => {
    expect(rulesOf("infra/nats/journal/JournalNats.ts", "export const at = Date.now()")).toEqual([])
    expect(rulesOf("test/unit/Cell.test.ts", "console.log(process.env)")).toEqual([])
  })
})

describe("the naming rule", () => {
  it.each([
    "runtime/utils.ts",
    "infra/nats/helpers.ts",
    "runtime/common/Clock.ts",
    "runtime/types.ts",
    "runtime/cell/types.d.ts",
    "infra/ShardManager.ts",
    "test/helpers/Server.ts",
  ])("refuses %s", (path) => {
    expect(rulesOf(path, "")).toEqual(["file name"])
  })

  it.each(["runtime/journal/Journal.ts", "test/types/Order.test-d.ts", "runtime/CommonName.ts"])(
    "allows %s",
    (path) => {
      expect(rulesOf(path, "")).toEqual([])
    },
  )
})

describe("the other rules", () => {
  it("refuse export * outside the two faces of the package", () => {
    const source = "export * from './Journal.ts'\n"
    expect(rulesOf("runtime/cell/Cell.ts", source)).toEqual(["export star"])
    expect(rulesOf("infra/everstate.ts", source)).toEqual([])
    expect(rulesOf("infra/effect.ts", source)).toEqual([])
    expect(rulesOf("runtime/cell/Cell.ts", "export * as Journal from './Journal.ts'\n")).toEqual([])
  })

  it("refuse a type imported in the middle of an expression", () => {
    expect(rulesOf("actors/Order.ts", "export type P = import('pg').Pool\n")).toEqual([
      "import type expression",
    ])
  })

  it("refuse a file that holds two nouns", () => {
    const lines = (count: number) => "export {}\n".repeat(count)
    expect(rulesOf("infra/Long.ts", lines(fileLineCountMax))).toEqual([])
    expect(rulesOf("infra/Long.ts", lines(fileLineCountMax + 1))).toEqual(["file length"])
    expect(rulesOf("docs/LONG.md", lines(fileLineCountMax + 1))).toEqual([])
  })

  it.each([
    ["TO", "DO"],
    ["FIX", "ME"],
  ])("refuse notes of unfinished work: %s%s", (head, tail) => {
    expect(rulesOf("docs/PLAN.md", `${head}${tail}: later`)).toEqual(["unfinished work"])
    expect(rulesOf("infra/Nats.ts", `// ${head}${tail} later`)).toEqual(["unfinished work"])
  })

  it.each(["home", "Users", "root", "tmp"])("refuse a path of somebody's machine below /%s", (folder) => {
    expect(rulesOf("docs/START.md", `run it in /${folder}/me`)).toEqual(["machine path"])
    expect(rulesOf("docs/START.md", `see https://example.org/${folder}/me and ./${folder}/me`)).toEqual([])
  })

  it("refuse a registry host", () => {
    const source = `export const host = "https://${["registry", "npmjs", "org"].join(".")}/"\n`
    expect(rulesOf("infra/nats/Servers.ts", source)).toEqual(["registry host"])
    expect(rulesOf("infra/nats/Servers.ts", "registry.actors.get('order')\n")).toEqual([])
  })

  it("refuse a test whose clock starts in 1970", () => {
    const source = `export const clock = TestClock.${"layer"}()\n`
    expect(rulesOf("test/unit/time/Clock.test.ts", source)).toEqual(["date of a test"])
    expect(rulesOf("test/fixtures/time/RealDate.ts", source)).toEqual([])
  })

  it("report a file that does not parse", () => {
    expect(rulesOf("runtime/Broken.ts", "const = 1")).toEqual(["syntax"])
  })
})
