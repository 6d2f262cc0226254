/** A folder for what a program keeps while it runs: gone with the scope. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"

/** `program` is a part of its name, for whoever finds one that a `kill -9` left behind. */
export const acquireTemporaryFolder = (program: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), `everstate-${program}-`))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true, maxRetries: 10 })),
  )
