/**
 * The package as `npm publish` would send it: built from the sources, packed into an archive, and unpacked into the
 * `node_modules` of a temporary project beside its dependencies.
 */
import { execFile } from "node:child_process"
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll } from "vitest"
import { builtPackage } from "../../fixtures/package/BuiltPackage.ts"

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, "../../..")
const moduleAt = (name: string) => path.join(root, "node_modules", name)

/** What is packed besides the build. */
const PACKED_AS_THEY_ARE = [
  "package.json",
  "docs",
  "template",
  "actors",
  "infra",
  "runtime",
  "sagas",
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
]

/** What a project of a user has installed besides the package. */
const NEIGHBOURS = ["effect", "xstate", "@nats-io", "@types", "pg"]

export interface PackedPackage {
  /** Folder of the project. */
  readonly project: string
  /** Folder of the package in the project, with the content of the archive. */
  readonly content: string
}

const pack = async (folder: string): Promise<PackedPackage> => {
  const source = path.join(folder, "source")
  const project = path.join(folder, "project")
  const content = path.join(project, "node_modules/everstate")
  await mkdir(source, { recursive: true })
  await mkdir(content, { recursive: true })
  await cp(await builtPackage(), path.join(source, "dist"), { recursive: true })
  for (const name of PACKED_AS_THEY_ARE) {
    await cp(path.join(root, name), path.join(source, name), { recursive: true })
  }
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: source,
  })
  const [packed] = Object.values(JSON.parse(stdout)) as ReadonlyArray<{ readonly filename: string }>
  if (packed === undefined) throw new Error(`npm pack names no archive: ${stdout}`)
  await run("tar", ["-xzf", path.join(folder, packed.filename), "-C", content, "--strip-components", "1"])
  for (const name of NEIGHBOURS) await symlink(moduleAt(name), path.join(project, "node_modules", name))
  return { project, content }
}

/** Call at the top of a test file; the package is there from the first test on. */
export const packedForFile = (): PackedPackage => {
  let folder: string | undefined
  let packed: PackedPackage | undefined
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "everstate-packed-"))
    packed = await pack(folder)
  })
  afterAll(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })
  const ready = (): PackedPackage => {
    if (packed === undefined) throw new Error("the package has not been packed yet")
    return packed
  }
  return {
    get project() {
      return ready().project
    },
    get content() {
      return ready().content
    },
  }
}
