/**
 * The version of this package, from its package.json. The sources and the built files lie at different depths
 * below it, so it is looked for upwards.
 */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly dependencies?: { readonly [name: string]: string }
  readonly devDependencies?: { readonly [name: string]: string }
  readonly peerDependencies?: { readonly [name: string]: string }
}

const isOurs = (folder: string): boolean =>
  existsSync(join(folder, "package.json")) && manifestIn(folder).name === "everstate"

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest

const folderAbove = (folder: string): string =>
  isOurs(folder) || dirname(folder) === folder ? folder : folderAbove(dirname(folder))

/** Folder of the installed package, or of the checkout. */
export const packageFolder: string = folderAbove(import.meta.dirname)

/** What package.json of this package says. */
export const packageManifest: Manifest = manifestIn(packageFolder)

export const packageVersion: string = packageManifest.version ?? "unknown"
