/**
 * The digest of a folder: of the paths and contents of its files. With it, a folder that was unpacked before
 * is compared with the pinned package before any file in it is run.
 *
 * Modes and times do not count. Links within the folder do not count either, because the Postgres package
 * gets its links after it was unpacked. A link that leads out of the folder counts.
 */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readdir, readlink } from "node:fs/promises"
import { dirname, join, relative, resolve, sep } from "node:path"
import { pipeline } from "node:stream/promises"

/** `sha512-<base64>`, as npm writes it. */
export const contentDigest = async (folder: string): Promise<string> => {
  const root = resolve(folder)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const lines: Array<string> = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isSymbolicLink()) {
      const target = resolve(dirname(path), await readlink(path))
      if (!target.startsWith(root + sep)) lines.push(JSON.stringify([relative(root, path), "link", target]))
    } else if (!entry.isDirectory()) {
      lines.push(JSON.stringify([relative(root, path), await fileDigest(path)]))
    }
  }
  return `sha512-${createHash("sha512").update(lines.sort().join("\n")).digest("base64")}`
}

const fileDigest = async (path: string): Promise<string> => {
  const hash = createHash("sha512")
  await pipeline(createReadStream(path), hash)
  return hash.digest("base64")
}
