/**
 * Paths that a server's unprivileged user cannot reach, because a folder above them is closed to it, for
 * example a home folder. Root opens them and hands the open files to the process; on Linux each then has a
 * name under `/proc/self/fd`.
 *
 * Owns these names. On other systems such a path is refused. RunAs.ts chooses the user.
 */
import { closeSync, existsSync, openSync } from "node:fs"
import { join } from "node:path"
import { canReach, type RunAs } from "./RunAs.ts"

/** Number of the first handed file in the process, after its three standard streams. */
const firstFd = 3

/** Name of the handed path with this index. */
export const handedName = (index: number): string => `/proc/self/fd/${firstFd + index}`

export interface HandedPath {
  readonly path: string
  readonly kind: "folder" | "file"
}

export interface HandedPathsOptions {
  readonly runAs: RunAs | undefined
  readonly paths: ReadonlyArray<HandedPath>
  /** Makes the error for a path that cannot be handed over. */
  readonly refuse: (reason: string) => Error
}

/**
 * Calls `use` with a usable name for each path, and with the files that the process must inherit from its
 * fourth stream on. A path that the user can reach keeps its own name.
 */
export const withHandedPaths = async <A>(
  { runAs, paths, refuse }: HandedPathsOptions,
  use: (names: ReadonlyArray<string>, fds: ReadonlyArray<number>) => Promise<A>,
): Promise<A> => {
  const fds: Array<number> = []
  try {
    const names = paths.map(({ path, kind }) => {
      if (canReach(kind === "folder" ? join(path, "any") : path, runAs)) return path
      if (!existsSync("/proc/self/fd"))
        throw refuse(`user ${runAs?.uid} may not enter a folder above ${path}`)
      return handedName(fds.push(openSync(path, "r")) - 1)
    })
    return await use(names, fds)
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}
