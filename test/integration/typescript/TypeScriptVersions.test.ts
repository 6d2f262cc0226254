/**
 * A small program of a user compiles against the built declarations with every TypeScript that the package supports. With
 * 5.6 and older the commands of a definition are not inferred.
 */
import { execFile } from "node:child_process"
import { copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { builtPackage } from "../../fixtures/package/BuiltPackage.ts"

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, "../../..")
const moduleAt = (name: string) => path.join(root, "node_modules", name)

/** What the compiler writes: nothing where it has no complaint. */
const compiled = (compiler: string, ...given: ReadonlyArray<string>): Promise<string> =>
  run(process.execPath, [path.join(moduleAt(compiler), "bin/tsc"), ...given]).then(
    ({ stdout }) => stdout,
    ({ stdout, message }: { readonly stdout?: string; readonly message: string }) => stdout || message,
  )

describe("a program of a user", () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "everstate-typescript-"))
    const everstate = path.join(folder, "node_modules/everstate")
    await mkdir(everstate, { recursive: true })
    await copyFile(path.join(root, "package.json"), path.join(everstate, "package.json"))
    for (const name of ["effect", "xstate", "@types"]) {
      await symlink(moduleAt(name), path.join(folder, "node_modules", name))
    }
    await cp(await builtPackage(), path.join(everstate, "dist"), { recursive: true })
    // The declarations name packages that only this checkout has installed.
    for (const name of ["effect", "xstate", "@types", "@nats-io"]) {
      await mkdir(path.join(everstate, "node_modules"), { recursive: true })
      await symlink(moduleAt(name), path.join(everstate, "node_modules", name))
    }
    await copyFile(path.join(import.meta.dirname, "user.txt"), path.join(folder, "user.ts"))
    await writeFile(path.join(folder, "package.json"), JSON.stringify({ type: "module" }))
    const compilerOptions = {
      target: "ES2022",
      lib: ["ES2023", "ESNext"],
      module: "NodeNext",
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
      types: ["node"],
    }
    const config = { compilerOptions, files: ["user.ts"] }
    await writeFile(path.join(folder, "tsconfig.json"), JSON.stringify(config))
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  const compiles = async (compiler: string) => expect(await compiled(compiler, "-p", folder)).toBe("")

  it.each(["typescript-5-7", "typescript"])("compiles with %s", compiles)

  it.each(["typescript-5-8", "typescript-5-9", "typescript-6-0"])(
    "compiles with %s",
    { tags: ["long"] },
    compiles,
  )
})
