/**
 * Prepares the npm package of Postgres: its symbolic links are made, and the user that the server runs as can
 * reach its files. `PostgresBinaries.ts` chooses the package.
 */
import { execFile } from "node:child_process"
import { randomUUID } from "node:crypto"
import { chmod, cp, mkdir, readFile, realpath, rm, symlink } from "node:fs/promises"
import { basename, dirname, join, relative } from "node:path"
import { promisify } from "node:util"
import { contentDigest } from "./ContentDigest.ts"
import { cacheFolder, discard, exists, moveIntoPlace } from "./PackageFetch.ts"
import { canReach, type RunAs } from "./RunAs.ts"

const run = promisify(execFile)

/** Folder in which root keeps a copy if other users cannot reach its own cache. */
const systemCacheFolder = "/var/cache/everstate"

/** The package's `native` folder with its links, where that user can reach it. */
export const reachableNative = async (
  packageFolder: string,
  runAs: RunAs | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string> => {
  const native = await realpath(join(packageFolder, "native"))
  if (!canReach(native, runAs)) return copyToReach(packageFolder, native, runAs, env)
  try {
    await hydrateLinks(native, native)
    return native
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== "EACCES" && code !== "EROFS" && code !== "EPERM") throw error
    return copyToReach(packageFolder, native, runAs, env) // another user installed it without its scripts
  }
}

/**
 * Makes the package's symbolic links. npm packages cannot hold links, so the package lists its own in
 * `pg-symlinks.json` and makes them in its postinstall script, which may not have run. `source` and `target`
 * begin with `native/`.
 */
const hydrateLinks = async (native: string, into: string): Promise<void> => {
  const listFile = join(native, "pg-symlinks.json")
  if (!(await exists(listFile))) return
  const links = JSON.parse(await readFile(listFile, "utf8")) as ReadonlyArray<{
    source: string
    target: string
  }>
  for (const { source, target } of links) {
    const link = join(into, "..", target.replace(/^native/, basename(into)))
    if (await exists(link)) continue
    try {
      await symlink(relative(dirname(target), source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error // another process made it
    }
  }
}

/**
 * Copies the package once, to a folder named after the version, which appears by one rename, as in
 * `PackageFetch.ts`. A copy that differs from the package is made again.
 */
const copyToReach = async (
  packageFolder: string,
  native: string,
  runAs: RunAs | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string> => {
  const own = cacheFolder(env)
  await mkdir(own, { recursive: true })
  const cache = canReach(join(own, "any"), runAs) ? own : systemCacheFolder
  const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")) as {
    version: string
  }
  const copy = join(cache, `postgres-${process.platform}-${process.arch}@${version}`)
  if (await exists(copy)) {
    const [own, copied] = await Promise.all([contentDigest(native), contentDigest(copy)])
    if (own === copied) return copy
    await discard(copy)
  }
  await mkdir(cache, { recursive: true })
  if (cache === systemCacheFolder) await chmod(cache, 0o755) // because the umask may have removed rights
  const work = join(cache, `.partial-${randomUUID()}`)
  try {
    await cp(native, work, { recursive: true, verbatimSymlinks: true })
    await hydrateLinks(native, work)
    await run("chmod", ["-R", "u+rwX,go+rX", work])
    await moveIntoPlace(work, copy)
    return copy
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
