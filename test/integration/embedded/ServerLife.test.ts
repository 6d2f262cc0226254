/** What a data folder, a log and an unwilling server live through, whichever server it is. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { freePorts } from "../../../infra/embedded/FreePorts.ts"
import { findNatsBinary } from "../../../infra/embedded/NatsBinary.ts"
import { natsPackage } from "../../../infra/embedded/PlatformPackage.ts"
import { isAlive } from "../../../infra/embedded/ProcessTable.ts"
import { ignoreProgress } from "../../../infra/embedded/Progress.ts"
import { handOver, type RunAs } from "../../../infra/embedded/RunAs.ts"
import { ServerProcess, stopTimeoutMs } from "../../../infra/embedded/ServerProcess.ts"
import {
  DataFolderInUse,
  type NatsOptions,
  type NatsServer,
  ServerFailedToStart,
  startNats,
} from "../../../infra/embedded.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

const isRoot = process.getuid?.() === 0

const start = async (options: Partial<NatsOptions> = {}): Promise<NatsServer> => {
  const server = await startNats({ folder: temporaryFolder(), ...options })
  onTestFinished(() => server.stop())
  return server
}

const failureOf = (starting: Promise<unknown>): Promise<unknown> =>
  starting.then(
    () => undefined,
    (error: unknown) => error,
  )

test("a folder is taken again by a restart after a stop, and by a stop given back once", async () => {
  const folder = temporaryFolder()
  const server = await start({ folder })
  await server.stop()
  await server.restart()
  expect(await failureOf(startNats({ folder }))).toBeInstanceOf(DataFolderInUse)
  await server.stop()
  const next = await start({ folder })
  // A handle that stopped before has nothing to give back.
  await server.stop()
  expect(await failureOf(startNats({ folder }))).toBeInstanceOf(DataFolderInUse)
  expect(isAlive(next.pid)).toBe(true)
})

test("a fixed port is the server's, and one that is taken is a failure", async () => {
  const [port = 0] = await freePorts(1)
  const server = await start({ port })
  expect(server.port).toBe(port)
  await server.stop()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve))
  onTestFinished(() => void other.close())
  const failure = await failureOf(startNats({ folder: temporaryFolder(), port }))
  expect(failure).toBeInstanceOf(ServerFailedToStart)
  expect(String(failure)).toContain("address already in use")
})

test("every write is fsynced unless the caller says otherwise", async () => {
  const settingOf = async (options: Partial<NatsOptions>) => {
    const { folder } = await start(options)
    const { jetstream } = JSON.parse(readFileSync(join(folder, "nats.conf"), "utf8")) as {
      readonly jetstream: { readonly sync_interval?: string }
    }
    return jetstream.sync_interval
  }
  expect(await settingOf({})).toBe("always")
  expect(await settingOf({ syncAlways: true })).toBe("always")
  expect(await settingOf({ syncAlways: false })).toBeUndefined()
})

test("a failed start tells of its own log, not of an earlier start's", async () => {
  const folder = temporaryFolder()
  await (await start({ folder })).stop()
  const log = join(folder, "nats.log")
  writeFileSync(log, `${readFileSync(log, "utf8")}the words of yesterday\n`)
  const failure = await failureOf(startNats({ folder, extraConfig: { no_such_setting: true } }))
  expect(String(failure)).toContain("no_such_setting")
  expect(String(failure)).not.toContain("the words of yesterday")
})

test("a log that has grown too large is set aside once, and a new one begun", async () => {
  const folder = temporaryFolder()
  const log = join(folder, "nats.log")
  writeFileSync(log, "")
  truncateSync(log, 17 * 1024 * 1024)
  await start({ folder })
  expect(statSync(`${log}.old`).size).toBe(17 * 1024 * 1024)
  expect(statSync(log).size).toBeLessThan(1024 * 1024)
})

test(
  "a server that does not hear a polite stop is killed",
  async () => {
    const folder = temporaryFolder()
    const ready = join(folder, "ready")
    const deaf = await ServerProcess.spawn({
      server: "nats",
      command: "/bin/sh",
      args: ["-c", `trap '' TERM; touch ${ready}; while :; do sleep 0.1; done`],
      cwd: folder,
      env: process.env,
      logFile: join(folder, "deaf.log"),
      stopSignal: "SIGTERM",
      runAs: undefined,
    })
    onTestFinished(() => deaf.kill())
    await expect.poll(() => existsSync(ready), { timeout: 10_000 }).toBe(true)
    await deaf.stop()
    expect(isAlive(deaf.pid)).toBe(false)
  },
  stopTimeoutMs * 3,
)

test.runIf(natsPackage !== undefined)("a nats-server on PATH that is too old is passed over", async () => {
  const folder = temporaryFolder("open")
  const fake = (version: string) => {
    writeFileSync(join(folder, "nats-server"), `#!/bin/sh\necho 'nats-server: v${version}'\n`)
    chmodSync(join(folder, "nats-server"), 0o755)
    return findNatsBinary(
      { ...process.env, NATS_SERVER_BIN: "", PATH: `${folder}:${process.env["PATH"]}` },
      ignoreProgress,
    )
  }
  for (const tooOld of ["1.99.0", "2.11.9"]) {
    expect((await fake(tooOld)).version).not.toBe(tooOld)
  }
  expect((await fake("3.0.0")).version).toBe("3.0.0")
})

test.runIf(isRoot)("a link in a data folder gives nothing away but itself", () => {
  const folder = temporaryFolder()
  const outside = join(temporaryFolder(), "secret")
  writeFileSync(outside, "of root")
  chownSync(outside, 0, 0)
  mkdirSync(join(folder, "data"))
  writeFileSync(join(folder, "data", "own"), "")
  symlinkSync(outside, join(folder, "data", "link"))
  const stranger: RunAs = { uid: 65_534, gid: 65_534 }
  handOver(join(folder, "data"), stranger)
  expect(statSync(join(folder, "data", "own")).uid).toBe(stranger.uid)
  expect(statSync(outside).uid).toBe(0)
})
