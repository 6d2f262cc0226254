/**
 * FAULTS 24 and 67: the disk under nats-server is full, really: its store is a small file system in memory.
 *
 * Mounting one takes rights that a container may not have; without them these tests are skipped, and say so.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import type { AskError } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startNewServers } from "../../fixtures/postgres/NewDatabase.ts"
import { audit, eventually, freshNamespace, nothingWrong, startSystem, untilWell } from "./SystemFixture.ts"

/** Bytes of the whole store: enough for the streams, and filled in a moment. */
const STORE_BYTES = 16 * 1_024 * 1_024

const mounted: Array<string> = []

/** The folder as a small file system of its own; false where this process may not mount. */
const mount = (folder: string): boolean => {
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${STORE_BYTES}`, "tmpfs", folder], { stdio: "ignore" })
    mounted.push(folder)
    return true
  } catch {
    return false
  }
}

const unmountAll = (): void => {
  for (const folder of mounted.splice(0)) execFileSync("umount", ["--lazy", folder])
}

const canMount = (): boolean => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-mount-"))
  const can = process.platform === "linux" && mount(folder)
  unmountAll()
  rmSync(folder, { recursive: true, force: true })
  return can
}

/** Fills the file system to the last byte. */
const fill = (folder: string): string => {
  const file = join(folder, "ballast")
  const block = Buffer.alloc(64 * 1_024)
  for (let size = block.length; size > 0; ) {
    try {
      writeFileSync(file, block.subarray(0, size), { flag: "a" })
    } catch {
      size = Math.floor(size / 2)
    }
  }
  return file
}

it.skipIf(!canMount())(
  "a full disk is named with what to do, callers are told, and nodes go on once nats-server was restarted with room",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "everstate-disk-"))
    const store = join(folder, "nats")
    mount(store)
    const servers = await startNewServers({ folder })
    onTestFinished(async () => {
      await servers.stop()
      unmountAll()
      rmSync(folder, { recursive: true, force: true })
    })
    const namespace = freshNamespace()
    const system = await startSystem(servers, { namespace, leaseMs: 6_000 })
    const acknowledged: Array<{ readonly actor: string; readonly commandId: string }> = []
    const add = async (commandId: string, deadlineMs: number) => {
      await system.get(Counter, "a").ask({ type: "Add", by: 1 }, { commandId, deadlineMs })
      acknowledged.push({ actor: "a", commandId })
    }
    await add("before", 5_000)
    await untilWell(system)

    const ballast = fill(store)
    const errors: Array<AskError> = []
    const askUntil = async (isWanted: (error: AskError) => boolean) => {
      for (let index = errors.length; ; index++) {
        const error = await add(`during-${index}`, 4_500).then(
          () => undefined,
          (refusal: AskError) => refusal,
        )
        if (error === undefined) continue
        errors.push(error)
        if (isWanted(error)) return error
      }
    }
    // As long as the lease lasts: the append is what gets no answer.
    await askUntil(
      ({ message }) => message.includes("the journal does not confirm appends") || message.includes("lease"),
    )
    await eventually(async () =>
      (await system.status()).needed.some(
        ({ name, problem }) => name === `KV_${namespace}-cluster` && problem?.reason === "Unwritable",
      ),
    )
    await expect(system.check()).rejects.toMatchObject({
      _tag: "Unhealthy",
      message: expect.stringMatching(/takes no writes: the last \d+ writes got no answer/),
      hint: expect.stringContaining("make room, then restart the server"),
    })
    expect(readFileSync(join(store, "nats.log"), "utf8").includes("no space left on device")).toBe(true)

    // Once the lease is over: why it was not renewed, never that a shard is moving.
    const late = await askUntil(({ message }) => message.includes("lease was not renewed"))
    expect(late).toMatchObject({ _tag: "Unavailable", message: expect.stringContaining("takes no writes") })
    for (const { message } of errors) expect(message).not.toContain("moving")

    // Room alone is not enough for the server: the stream that met the full disk stays as it is.
    rmSync(ballast)
    await servers.nats.restart()
    await eventually(() =>
      add("after", 5_000).then(
        () => true,
        () => false,
      ),
    )
    await eventually(() =>
      system.check().then(
        () => true,
        () => false,
      ),
    )
    expect(await audit(system, acknowledged)).toEqual(nothingWrong)
  },
)
