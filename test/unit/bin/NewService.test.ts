/** What a new service is called, and which ages conditions of lists take. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { timeBefore } from "../../../infra/bin/Listing.ts"
import { packageNameOf } from "../../../infra/bin/NewService.ts"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"

it.each([
  ["shop", "shop"],
  ["Book Shop", "book-shop"],
  ["--_x.y_--", "x-y"],
  ["書店", "service"],
])("the folder %s makes a package %s", (folder, name) => {
  expect(packageNameOf(join(tmpdir(), folder))).toBe(name)
})

it("writes all files of the template, and tells how to go on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-new-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { stdout, exitCode } = await runVerb("init", folder, "--json")
  expect(exitCode).toBe(0)
  const { files, next } = JSON.parse(stdout) as { files: Array<string>; next: Array<string> }
  const written = readdirSync(folder, { recursive: true, withFileTypes: true })
  expect(written.filter((entry) => entry.isFile())).toHaveLength(files.length)
  expect(files).toEqual(expect.arrayContaining([".gitignore", "Dockerfile", "package.json", "src/main.ts"]))
  expect(next).toEqual([`cd ${folder}`, "npm install", "npm start"])
  expect((await runVerb("init", folder)).exitCode).toBe(2)
})

it("an age is a time in the past", async () => {
  const nowMs = Date.UTC(2026, 4, 2)
  expect(timeBefore("1d", nowMs)).toBe("2026-05-01T00:00:00.000Z")
  expect(timeBefore("90m", nowMs)).toBe("2026-05-01T22:30:00.000Z")
  expect(timeBefore(undefined, nowMs)).toBeUndefined()
  expect((await runVerb("actors", "list", "counter", "--idle", "soon")).exitCode).toBe(2)
})
