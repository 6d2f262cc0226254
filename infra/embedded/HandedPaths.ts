/**
 * Paths that a server's unprivileged user cannot walk to, since a folder above them is closed to it: a home folder, for
 * example. Root opens them and hands them to the process open; on Linux each then has a name of its own.
 *
 * Owns these names. Elsewhere than on Linux such a path is refused. Who the user is: RunAs.ts.
 */
import { closeSync, existsSync, openSync } from "node:fs"
import { join } from "node:path"
import { canReach, type RunAs } from "./RunAs.ts"

/** The number under which a process finds the first path that was opened for it, after its three standard streams. */
const firstFd = 3

/** The name of the path that was handed over at this place. */
export const handedName = (index: number): string => `/proc/self/fd/${firstFd + index}`

export interface HandedPath {
  readonly path: string
  readonly kind: "folder" | "file"
}

export interface HandedPathsOptions {
  readonly runAs: RunAs | undefined
  readonly paths: ReadonlyArray<HandedPath>
  /** The error where a path cannot be handed over. */
  readonly refuse: (reason: string) => Error
}

/**
 * Calls `use` with a name that works for each path, and with what the process must inherit from its fourth stream on.
 * A path that the user can walk to keeps its own name.
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
