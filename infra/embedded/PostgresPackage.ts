/**
 * The npm package of Postgres, made fit to run: its symbolic links in place, its files where the user that the server
 * runs as can reach them. Which package, and whether one at all, is `PostgresBinaries.ts`.
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

/** Where root keeps a copy for others when its own cache is closed to them. */
const systemCacheFolder = "/var/cache/everstate"

/** The package's `native` folder, its links in place, where that user can reach it. */
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
    return copyToReach(packageFolder, native, runAs, env) // installed by someone else without its scripts
  }
}

/**
 * npm packages cannot hold symbolic links, so the package lists its own in `pg-symlinks.json` and makes them in its
 * postinstall script. This does the same where that did not run. `source` and `target` begin with `native/`.
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
 * Copies once, to a folder named after the version; appears by one rename, as in `PackageFetch.ts`. A copy that is no
 * longer what the package holds is made again.
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
  if (cache === systemCacheFolder) await chmod(cache, 0o755) // whatever the umask is
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
