import { spawn } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { isAlive, startToken } from "../../../infra/embedded/ProcessTable.ts"
import { DataFolderInUse, startNats, startPostgres } from "../../../infra/embedded.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

const lockFileOf = (folder: string): string => join(folder, "everstate.lock")

test("a folder in use is refused with the owner and a hint, and is free after the stop", async () => {
  const folder = temporaryFolder()
  const server = await startNats({ folder })
  onTestFinished(() => server.stop())
  const refusal = await startNats({ folder }).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(DataFolderInUse)
  expect(refusal).toMatchObject({ server: "nats", ownerPid: process.pid, port: server.port })
  expect(refusal).toHaveProperty("hint", expect.stringContaining("NATS_URL"))
  await server.stop()
  await (await startNats({ folder })).stop()
})

test("a lock whose pid now belongs to another process is stale", async () => {
  const folder = temporaryFolder()
  const record = { ownerPid: process.pid, ownerStart: "another start", takenAt: new Date(0).toISOString() }
  writeFileSync(lockFileOf(folder), JSON.stringify(record))
  await (await startNats({ folder })).stop()
})

test("a torn lock file is nobody's", async () => {
  const folder = temporaryFolder()
  writeFileSync(lockFileOf(folder), '{"ownerPid":')
  await (await startNats({ folder })).stop()
})

test("of many starts at once on a dead owner's folder, one wins", async () => {
  const folder = temporaryFolder()
  writeFileSync(lockFileOf(folder), JSON.stringify({ ownerPid: 1, ownerStart: "long ago", takenAt: "" }))
  const starts = await Promise.allSettled(Array.from({ length: 4 }, () => startNats({ folder })))
  const winners = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []))
  onTestFinished(() => Promise.all(winners.map((server) => server.stop())).then(() => undefined))
  expect(winners).toHaveLength(1)
  for (const start of starts)
    if (start.status === "rejected") expect(start.reason).toBeInstanceOf(DataFolderInUse)
})

test("a nats-server that outlived its owner is stopped, known by the lock file or by its own pid file", async () => {
  for (const knownBy of ["lock file", "pid file"] as const) {
    const folder = temporaryFolder()
    const survivor = await startNats({ folder })
    onTestFinished(() => survivor.stop())
    disown(folder, knownBy)
    const next = await startNats({ folder })
    onTestFinished(() => next.stop())
    expect(isAlive(survivor.pid)).toBe(false)
    expect(isAlive(next.pid)).toBe(true)
  }
})

test("a Postgres that outlived its owner is stopped, known by the lock file or by postmaster.pid", async () => {
  for (const knownBy of ["lock file", "pid file"] as const) {
    const folder = temporaryFolder()
    const survivor = await startPostgres({ folder, durable: false })
    onTestFinished(() => survivor.stop())
    disown(folder, knownBy)
    const next = await startPostgres({ folder, durable: false })
    onTestFinished(() => next.stop())
    expect(isAlive(survivor.pid)).toBe(false)
    expect(isAlive(next.pid)).toBe(true)
  }
})

test("a process that merely has the recorded pid is left alone", async () => {
  const folder = temporaryFolder()
  const bystander = spawn("sleep", ["600"], { stdio: "ignore" })
  onTestFinished(() => void bystander.kill())
  const pid = bystander.pid ?? 0
  expect(startToken(pid)).toBeDefined()
  const record = {
    ownerPid: 1,
    ownerStart: "long ago",
    takenAt: "",
    serverPid: pid,
    serverStart: "another start",
  }
  writeFileSync(lockFileOf(folder), JSON.stringify(record))
  writeFileSync(join(folder, "nats.pid"), String(pid))
  await (await startNats({ folder })).stop()
  expect(isAlive(pid)).toBe(true)
})

/** As after a crash of the owner in which the watchdog died too. */
const disown = (folder: string, knownBy: "lock file" | "pid file"): void => {
  if (knownBy === "pid file") {
    rmSync(lockFileOf(folder))
    return
  }
  const record = JSON.parse(readFileSync(lockFileOf(folder), "utf8")) as object
  writeFileSync(lockFileOf(folder), JSON.stringify({ ...record, ownerStart: "long ago" }))
}
