/** Which nats-server is run: the one that the user names, or else the newest of the package's and those on PATH. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { findNatsBinary } from "../../../infra/embedded/NatsBinary.ts"
import { natsPackage } from "../../../infra/embedded/PlatformPackage.ts"
import { ignoreProgress } from "../../../infra/embedded/Progress.ts"

const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-nats-binary-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A nats-server that says this version. */
const serverIn = (folder: string, version: string): string => {
  const path = join(folder, "nats-server")
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, `#!/bin/sh\necho 'nats-server: v${version}'\n`)
  chmodSync(path, 0o755)
  return path
}

interface Machine {
  readonly onPath?: ReadonlyArray<string>
  readonly installed?: string
  readonly chosen?: string
}

/** Looks for it where nothing else is on PATH, in the cache, or can be fetched. */
const find = ({ onPath = [], installed, chosen = "" }: Machine): Promise<string> => {
  const env = {
    PATH: onPath.map((version) => dirname(serverIn(temporaryFolder(), version))).join(":"),
    XDG_CACHE_HOME: temporaryFolder(),
    NATS_SERVER_BIN: chosen && serverIn(temporaryFolder(), chosen),
  }
  const folder = installed === undefined ? undefined : temporaryFolder()
  if (folder !== undefined && installed !== undefined) serverIn(join(folder, "bin"), installed)
  return findNatsBinary(env, ignoreProgress, undefined, () => folder).then(
    ({ version }) => version,
    (error: unknown) => String(error),
  )
}

it.each(["2.12.0", "2.12.0-RC.1", "2.14.5", "3.0.0"])("%s on PATH is run", async (version) => {
  expect(await find({ onPath: [version] })).toBe(version)
})

it.each(["2.11.9", "2.11.99", "1.99.0"])("%s is too old, and the failure says so", async (version) => {
  expect(await find({ onPath: [version] })).toContain(`nats-server: ${version}, wanted is 2.12 or newer`)
  expect(await find({ installed: version })).toContain(`nats-server: ${version}, wanted is 2.12 or newer`)
})

it("a file that says no version is not run", async () => {
  expect(await find({ onPath: [""] })).toContain("nats-server: does not run, wanted is 2.12 or newer")
})

it.each<[Machine, string]>([
  [{ installed: "2.14.0", onPath: ["2.15.1"] }, "2.15.1"],
  [{ installed: "2.15.1", onPath: ["2.14.0"] }, "2.15.1"],
  [{ installed: "2.14.0", onPath: ["2.11.9"] }, "2.14.0"],
  [{ installed: "2.9.9", onPath: ["2.12.0"] }, "2.12.0"],
  [{ installed: "2.14.9", onPath: ["2.14.10"] }, "2.14.10"],
  [{ installed: "2.15.0-RC.1", onPath: ["2.15.0"] }, "2.15.0"],
  [{ installed: "2.15.0", onPath: ["2.15.0-RC.1"] }, "2.15.0"],
  [{ onPath: ["2.12.1", "2.14.5", "2.13.0"] }, "2.14.5"],
])("of %j the newest is run: %s", async (machine, version) => {
  expect(await find(machine)).toBe(version)
})

it("the one that NATS_SERVER_BIN names is run, older or not", async () => {
  expect(await find({ chosen: "2.12.0", installed: "2.14.0", onPath: ["2.15.1"] })).toBe("2.12.0")
})

it.runIf(natsPackage !== undefined)("a missing nats-server is asked for by its command", async () => {
  const failure = await find({})
  expect(failure).toContain(`${natsPackage?.name}: not installed`)
  expect(failure).toContain(`\n  npm install --save-dev ${natsPackage?.name}@${natsPackage?.version}\n`)
})
