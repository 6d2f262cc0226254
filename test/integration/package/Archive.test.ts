/**
 * The published package: the author of an adapter runs a contract suite of it with a test runner that is not ours, and
 * links of its pages lead to files of the archive, because readers have nothing else.
 */
import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import path from "node:path"
import { describe, expect, it } from "vitest"
import { packedForFile } from "./PackedPackage.ts"

const packed = packedForFile()

/** A store of checkpoints in a map. `advance` is the part that differs between the tests. */
const suiteOf = (advance: string) => `
import { describe, test } from "node:test"
import { Effect, Layer } from "effect"
import { Checkpoints, checkpointsContract } from "everstate/adapter"

const layer = () =>
  Layer.sync(Checkpoints, () => {
    const positions = new Map()
    const notes = new Map()
    return {
      position: (name) => Effect.sync(() => positions.get(name) ?? 0),
      advance: (name, position) => Effect.sync(() => void positions.set(name, ${advance})),
      note: (name) => Effect.sync(() => notes.get(name)),
      write: (name, note) => Effect.sync(() => void (note === undefined ? notes.delete(name) : notes.set(name, note))),
    }
  })

checkpointsContract({ describe, test }, { name: "map", layer })
`

/** Runs the suite with node:test; the tests are isolated in no process of their own. */
const runSuite = async (name: string, advance: string) => {
  const file = path.join(packed.project, name)
  await writeFile(file, suiteOf(advance))
  return new Promise<{ readonly code: unknown; readonly report: string }>((resolve) => {
    const given = ["--test", "--test-isolation=none", "--test-reporter=tap", file]
    execFile(process.execPath, given, { cwd: packed.project }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, report: stdout + stderr })
    })
  })
}

describe("the contract of checkpoints in the packed package, run by node:test", () => {
  it("passes an adapter that keeps it", async () => {
    const { code, report } = await runSuite("kept.test.mjs", "Math.max(position, positions.get(name) ?? 0)")
    expect(report).toMatch(/^\s*ok \d+ - move forward, and never back$/m)
    expect(report).toMatch(/^# tests 6$/m)
    expect(report).toMatch(/^# fail 0$/m)
    expect(code).toBe(0)
  })

  it("fails an adapter that breaks it, with what is demanded and what it gave", async () => {
    const { code, report } = await runSuite("broken.test.mjs", "position")
    expect(report).toMatch(/^\s*not ok \d+ - move forward, and never back$/m)
    expect(report).toContain("demanded: is 7")
    expect(report).toContain("actual:   3")
    expect(code).toBe(1)
  })
})

/** Link to a file: without a scheme, and with or without a heading. */
const FILE_LINK = /\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)]*)?\)/g

const pagesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"))

it("has every file that its pages link to", () => {
  const { content } = packed
  const pages = pagesIn(content)
  expect(pages).toContain("README.md")
  const links = pages.flatMap((page) =>
    Array.from(readFileSync(path.join(content, page), "utf8").matchAll(FILE_LINK), ([, link = ""]) => ({
      page,
      link,
    })),
  )
  expect(links.length).toBeGreaterThan(100)
  const isThere = ({ page, link }: (typeof links)[number]) =>
    existsSync(path.join(content, path.dirname(page), link))
  expect(links.filter((link) => !isThere(link))).toEqual([])
})
