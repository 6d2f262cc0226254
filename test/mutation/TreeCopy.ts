/**
 * A copy of the work tree in a temporary folder, for bugs that must never be in the work tree itself.
 *
 * Owns what is copied: all files that git knows or would add, as they are now. The installed packages are linked.
 */
import { execFileSync } from "node:child_process"
import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface TreeCopy {
  readonly root: string
  readonly remove: () => void
}

/** Copies the tree at `root`. */
export const copyTree = (root: string): TreeCopy => {
  const copy = mkdtempSync(join(tmpdir(), "everstate-mutants-"))
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  })
  for (const file of listed.split("\0")) {
    // One that git knows may have been deleted since.
    if (file !== "" && existsSync(join(root, file))) cpSync(join(root, file), join(copy, file))
  }
  // A repository of its own: the house's tests ask git what there is.
  execFileSync("git", ["init", "--quiet"], { cwd: copy })
  appendFileSync(join(copy, ".git", "info", "exclude"), "node_modules\n")
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "dir")
  return { root: copy, remove: () => rmSync(copy, { recursive: true, force: true }) }
}
