/** What a user reads of a module that Node cannot import. */
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"

const bin = fileURLToPath(new URL("../../../infra/bin/everstate.ts", import.meta.url))

/** The verb as a process, because the loader of tests has errors of its own. */
const complaintOf = (folder: string, name: string, source: string): Promise<string> => {
  writeFileSync(join(folder, name), source)
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, "sim", name], { cwd: folder }, (_, _stdout, stderr) => resolve(stderr))
  })
}

it("names the place and what to do, without the stack of Node itself", async () => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-modules-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, "package.json"), '{"type":"module"}')
  const [syntax, missing, throws] = await Promise.all([
    complaintOf(folder, "syntax.ts", "enum Seat { free }\nexport const scenarios = { Seat }\n"),
    complaintOf(folder, "missing.ts", 'export { scenarios } from "./nowhere.ts"\n'),
    complaintOf(folder, "throws.ts", 'throw new Error("no scenarios today")\n'),
  ])
  expect(syntax).toContain("syntax.ts:1")
  expect(syntax).toContain("no enums")
  expect(missing).toContain("./Account.ts")
  expect(throws).toContain("no scenarios today")
  expect(throws).toContain("throws.ts:1")
  for (const text of [syntax, missing, throws]) expect(text).not.toContain("node:internal")
})
