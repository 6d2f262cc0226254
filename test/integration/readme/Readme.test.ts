/**
 * The README's actor is real code: it is taken from the page, type-checked and run on servers of its own.
 */
import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, "../../..")

const entries: Record<string, string> = {
  everstate: "infra/everstate.ts",
  "everstate/embedded": "infra/embedded.ts",
  "everstate/testing": "runtime/testing.ts",
}

/** The page's TypeScript as one module, with the package's names pointing at its sources. */
const program = async (dataFolder: string): Promise<string> => {
  const page = await readFile(path.join(root, "README.md"), "utf8")
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? "")
  return blocks
    .join("\n")
    .replace(/from "(everstate[^"]*)"/g, (_, name: string) => `from "../../${entries[name]}"`)
    .replace('".everstate/example"', JSON.stringify(dataFolder))
}

describe("the README's actor", () => {
  // Inside the checkout, so that `effect` and `xstate` resolve; the folder is ignored by git.
  let folder: string
  let dataFolder: string

  beforeAll(async () => {
    await mkdir(path.join(root, ".everstate"), { recursive: true })
    folder = await mkdtemp(path.join(root, ".everstate", "readme-"))
    dataFolder = await mkdtemp(path.join(tmpdir(), "everstate-readme-"))
    await writeFile(path.join(folder, "Account.ts"), await program(path.join(dataFolder, "servers")))
    const config = { extends: "../../tsconfig.json", include: ["Account.ts"] }
    await writeFile(path.join(folder, "tsconfig.json"), JSON.stringify(config))
  })

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
    await rm(dataFolder, { recursive: true, force: true })
  })

  it("type-checks as it is printed", { timeout: 120_000 }, async () => {
    await run(process.execPath, [path.join(root, "node_modules/typescript/bin/tsc"), "-p", folder])
  })

  it("runs, and its scenario holds", { timeout: 120_000 }, async () => {
    const { stdout } = await run(process.execPath, [path.join(folder, "Account.ts")])
    expect(stdout).toContain("{ version: 2, left: 70, balance: 70 }")
  })
})
