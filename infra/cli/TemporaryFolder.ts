/** A folder for a program's files, removed with the scope. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"

/**
 * The folder's name has `program` in it, so that a user who finds it after a `kill -9` knows where it comes
 * from.
 */
export const acquireTemporaryFolder = (program: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), `everstate-${program}-`))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true, maxRetries: 10 })),
  )
