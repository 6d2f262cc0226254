/** What a browser downloads for the first page, and for a chart. */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { brotliCompressSync } from "node:zlib"
import { beforeAll, expect, test } from "vitest"
import { buildConsole } from "../../../infra/cli/ConsoleBuild.ts"

const SITE = join(import.meta.dirname, "../../../infra/console/site")
const KB = 1_000

beforeAll(async () => {
  expect(await buildConsole(process.stderr)).toBe(true)
})

const assets = (): ReadonlyArray<string> =>
  readdirSync(join(SITE, "assets")).filter((name) => !name.endsWith(".br"))

const bytesOf = (name: string): number =>
  brotliCompressSync(readFileSync(join(SITE, "assets", name))).byteLength

/** Names of the scripts that a file imports before it runs. */
const importsOf = (name: string): ReadonlyArray<string> => {
  const source = readFileSync(join(SITE, "assets", name), "utf8")
  return [...source.matchAll(/(?:from|import)"\.\/([^"]+\.js)"/g)].map(([, found = ""]) => found)
}

const withImports = (name: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(name)) return seen
  seen.add(name)
  for (const imported of importsOf(name)) withImports(imported, seen)
  return seen
}

const sumOf = (names: Iterable<string>): number => [...names].reduce((sum, name) => sum + bytesOf(name), 0)

test("the first page takes 250 KB of script at most", () => {
  const entry = /assets\/(index-[^"]+\.js)/.exec(readFileSync(join(SITE, "index.html"), "utf8"))?.[1] ?? ""
  const overview = assets().find((name) => /^Overview-.*\.js$/.test(name)) ?? ""
  const plots = assets().find((name) => /^uPlot.*\.js$/.test(name)) ?? ""
  const names = new Set([entry, overview, plots].flatMap((name) => [...withImports(name)]))
  expect(sumOf(names)).toBeGreaterThan(50 * KB)
  expect(sumOf(names)).toBeLessThan(250 * KB)
})

test("a chart takes 450 KB of further script at most", () => {
  const charts = assets().filter((name) => /^(StateChart|SagaPicture|LayoutWorker|elk|Elk).*\.js$/.test(name))
  expect(charts.length).toBeGreaterThan(0)
  expect(sumOf(charts)).toBeLessThan(450 * KB)
})

test("is built for production, whatever the environment of the build says", () => {
  expect(process.env["NODE_ENV"]).not.toBe("production")
  expect(assets().filter((name) => name.includes("jsx-dev"))).toEqual([])
})

test("no file names another host, and every font is a file of the console", () => {
  const styles = assets().filter((name) => name.endsWith(".css"))
  for (const name of styles) {
    expect(readFileSync(join(SITE, "assets", name), "utf8"), name).not.toMatch(/https?:|@import/)
  }
  expect(assets().filter((name) => name.endsWith(".woff2")).length).toBeGreaterThanOrEqual(3)
  expect(statSync(join(SITE, "index.html")).size).toBeLessThan(2 * KB)
})
