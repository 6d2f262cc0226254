/** Which nats-server is run where npm has not installed one: that on PATH, unless it is too old. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { findNatsBinary } from "../../../infra/embedded/NatsBinary.ts"
import { ignoreProgress } from "../../../infra/embedded/Progress.ts"

/** Looks for it where nothing else is on PATH, in the cache, or can be fetched. */
const find = (version: string) => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-nats-binary-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, "nats-server")
  writeFileSync(path, `#!/bin/sh\necho 'nats-server: v${version}'\n`)
  chmodSync(path, 0o755)
  const env = { PATH: folder, XDG_CACHE_HOME: folder }
  const found = findNatsBinary(env, ignoreProgress, undefined, () => undefined)
  return found.then(
    (binary) => (binary.path === path ? binary.version : undefined),
    (error: unknown) => String(error),
  )
}

it.each(["2.12.0", "2.12.0-RC.1", "2.14.5", "3.0.0"])("%s is run", async (version) => {
  expect(await find(version)).toBe(version)
})

it.each(["2.11.9", "2.11.99", "1.99.0"])("%s is too old, and the failure says so", async (version) => {
  expect(await find(version)).toContain(`nats-server on PATH: ${version}, wanted is 2.12 or newer`)
})

it("what says no version is none", async () => {
  expect(await find("")).toContain("nats-server on PATH: none, wanted is 2.12 or newer")
})
