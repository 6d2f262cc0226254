/** A folder for one test, removed at its end. `open` lets other users walk through it; the default is closed, mode 700. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"

export const temporaryFolder = (access: "open" | "closed" = "closed"): string => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-embedded-"))
  if (access === "open") chmodSync(folder, 0o755)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}
