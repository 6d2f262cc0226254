/** A child process that is frozen: it hears a stop all the same, and a kill takes its children, too. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { childrenOf, isAlive } from "../../../infra/embedded/ProcessTable.ts"
import { ServerProcess } from "../../../infra/embedded/ServerProcess.ts"
import { until } from "../../../infra/embedded/Until.ts"

/** A shell with two children that would outlast the test; it ends when it is told to. */
const SCRIPT = "trap 'exit 7' TERM; sleep 600 & sleep 600 & wait"

const spawn = async () => {
  const cwd = mkdtempSync(join(tmpdir(), "everstate-process-"))
  const server = await ServerProcess.spawn({
    server: "nats",
    command: "/bin/sh",
    args: ["-c", SCRIPT],
    cwd,
    env: process.env,
    logFile: join(cwd, "log"),
    stopSignal: "SIGTERM",
    runAs: undefined,
  })
  let children: ReadonlyArray<number> = []
  onTestFinished(async () => {
    await server.kill()
    for (const pid of children) if (isAlive(pid)) process.kill(pid, "SIGKILL")
    rmSync(cwd, { recursive: true })
  })
  await until(() => {
    children = childrenOf(server.pid)
    return children.length === 2
  }, 5_000)
  return { server, children }
}

it("a paused server hears that it is stopped", async () => {
  const { server } = await spawn()
  server.pause()
  await server.stop()
  // By itself: one that is killed ends with `SIGKILL`.
  await expect(server.whenReady(() => Promise.resolve(undefined), 1_000)).rejects.toThrow(/exit 7/)
})

it("a kill takes the children of a paused server with it", async () => {
  const { server, children } = await spawn()
  server.pause()
  await server.kill()
  expect(children.filter(isAlive)).toEqual([])
  expect(server.alive).toBe(false)
})
