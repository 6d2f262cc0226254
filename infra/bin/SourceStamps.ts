/** The sources below a folder with the time of their last change. Packages, data and built files are left out. */
import { readdir, stat } from "node:fs/promises"
import { extname, join, relative } from "node:path"

const SOURCES = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"]

const LEFT_OUT = ["node_modules", "dist", "build", "coverage"]

/** Path relative to the folder → time of the last change and size. */
export type SourceStamps = ReadonlyMap<string, string>

export const stampsOf = async (root: string): Promise<SourceStamps> => {
  const stamps = new Map<string, string>()
  const walk = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        // Folders with a dot are data and settings of tools.
        if (!entry.name.startsWith(".") && !LEFT_OUT.includes(entry.name)) await walk(path)
      } else if (SOURCES.includes(extname(entry.name))) {
        // A file that is gone by now has no stamp: that is a change, too.
        const facts = await stat(path).catch(() => undefined)
        if (facts !== undefined) stamps.set(relative(root, path), `${facts.mtimeMs} ${facts.size}`)
      }
    }
  }
  await walk(root)
  return stamps
}
