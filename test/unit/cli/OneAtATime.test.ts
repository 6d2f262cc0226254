/** The lock of work that one process does at a time. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { oneAtATime } from "../../../infra/cli/OneAtATime.ts"

const folder = mkdtempSync(join(tmpdir(), "everstate-lock-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test("work begins when the work before has ended, even if that failed", async () => {
  const file = join(folder, "busy", "lock")
  const log: Array<string> = []
  const gate = Promise.withResolvers<void>()
  const first = oneAtATime(file, async () => {
    log.push("first begins")
    await gate.promise
    log.push("first ends")
    throw new Error("no luck")
  })
  const second = oneAtATime(file, async () => {
    log.push("second")
    return existsSync(file)
  })
  gate.resolve()
  await expect(first).rejects.toThrow("no luck")
  expect(await second).toBe(true)
  expect(log).toEqual(["first begins", "first ends", "second"])
  expect(existsSync(file)).toBe(false)
})

test("a process that has ended does not keep the lock", async () => {
  const file = join(folder, "left")
  const { pid } = spawnSync(process.execPath, ["-e", ""])
  writeFileSync(file, JSON.stringify({ ownerPid: pid, ownerStart: "1", takenAt: "2026-11-30T00:00:00.000Z" }))
  expect(await oneAtATime(file, async () => "done")).toBe("done")
})
