import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, expect, onTestFinished, test } from "vitest"
import { findNatsBinary } from "../../../infra/embedded/NatsBinary.ts"
import { childrenOf, isAlive } from "../../../infra/embedded/ProcessTable.ts"
import { ignoreProgress } from "../../../infra/embedded/Progress.ts"
import { canReach, type RunAs } from "../../../infra/embedded/RunAs.ts"
import { until } from "../../../infra/embedded/Until.ts"
import { startServers } from "../../../infra/embedded.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

const parentScript = fileURLToPath(new URL("parent.ts", import.meta.url))
/** A watchdog's polite stop and what follows it, on a loaded machine. */
const goneTimeoutMs = 20_000

/** Of every test whose servers are gone at its end: the database is made once. */
const sharedFolder = mkdtempSync(join(tmpdir(), "everstate-parent-"))
afterAll(() => rmSync(sharedFolder, { recursive: true, force: true, maxRetries: 10 }))

interface Parent {
  readonly process: ChildProcess
  readonly ended: Promise<unknown>
  readonly natsPid: number
  readonly postgresPid: number
  /** Servers and what they forked. */
  readonly pids: ReadonlyArray<number>
}

const startParent = async (
  folder: string,
  ending: string,
  env = process.env,
  runAs?: RunAs,
): Promise<Parent> => {
  const child = spawn(process.execPath, ["--no-warnings", parentScript, folder, ending], {
    stdio: ["ignore", "pipe", "ignore"],
    env,
    ...runAs,
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)))
  for await (const line of createInterface({ input: child.stdout })) {
    const pids = JSON.parse(line) as { natsPid: number; postgresPid: number }
    return {
      process: child,
      ended,
      ...pids,
      pids: [pids.natsPid, pids.postgresPid, ...childrenOf(pids.postgresPid)],
    }
  }
  throw new Error(`the parent ended with ${await ended} before its servers were up`)
}

const allGone = ({ pids }: Parent): Promise<boolean> => until(() => !pids.some(isAlive), goneTimeoutMs)

test.for(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "%s of the parent leaves nothing",
  async (signal) => {
    const parent = await startParent(sharedFolder, "wait")
    // Not their children: Postgres has some that live for a moment.
    expect([parent.natsPid, parent.postgresPid].every(isAlive)).toBe(true)
    parent.process.kill(signal)
    expect(await parent.ended).toBe(signal)
    expect(await allGone(parent)).toBe(true)
  },
)

test.for([
  ["return", 0],
  ["throw", 1],
  ["exit", 3],
] as const)("a parent that ends by %s leaves nothing and is not held up", async ([ending, code]) => {
  const parent = await startParent(sharedFolder, ending)
  expect(await parent.ended).toBe(code)
  expect(await allGone(parent)).toBe(true)
})

test("a parent with nothing else to do stays for as long as its servers are up", async () => {
  const parent = await startParent(sharedFolder, "stay")
  expect(await parent.ended).toBe(7)
  expect(await allGone(parent)).toBe(true)
})

test("kill -9 of the parent leaves nothing even of paused servers", async () => {
  const parent = await startParent(sharedFolder, "paused")
  parent.process.kill("SIGKILL")
  expect(await allGone(parent)).toBe(true)
})

test("the next start follows at once on a kill -9 of the parent", async () => {
  const parent = await startParent(sharedFolder, "wait")
  parent.process.kill("SIGKILL")
  await parent.ended
  const servers = await startServers({ folder: sharedFolder, postgres: { durable: false } })
  onTestFinished(() => servers.stop())
  expect(servers.nats.pid).not.toBe(parent.natsPid)
  expect(parent.pids.some(isAlive)).toBe(false)
})

const nobody: RunAs = { uid: 65_534, gid: 65_534 }

test.runIf(process.getuid?.() === 0 && canReach(process.execPath, nobody) && canReach(parentScript, nobody))(
  "an ordinary user runs both servers",
  async () => {
    const folder = temporaryFolder("open")
    chownSync(folder, nobody.uid, nobody.gid)
    const natsBinary = join(temporaryFolder("open"), "nats-server")
    copyFileSync((await findNatsBinary(process.env, ignoreProgress)).path, natsBinary)
    chmodSync(natsBinary, 0o755)
    const env = {
      ...process.env,
      HOME: folder,
      XDG_CACHE_HOME: join(folder, "cache"),
      NATS_SERVER_BIN: natsBinary,
    }
    const parent = await startParent(join(folder, "servers"), "wait", env, nobody)
    parent.process.kill("SIGKILL")
    expect(await allGone(parent)).toBe(true)
  },
)
