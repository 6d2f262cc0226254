/** The API reference is made from the docstrings, without a warning. */
import { execFile } from "node:child_process"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { expect, it } from "vitest"

const root = path.resolve(import.meta.dirname, "../../..")
const typedoc = path.join(root, ".ci/reference/node_modules/typedoc/bin/typedoc")
const options = path.join(root, ".ci/reference/typedoc.mjs")

it("documents each entry point, and finds no public name without a docstring and no dead link", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "everstate-reference-"))
  try {
    const report = await new Promise<string>((resolve) => {
      const given = [typedoc, "--options", options, "--out", folder]
      execFile(process.execPath, given, { cwd: root }, (error, stdout, stderr) =>
        resolve(`${error === null ? "made" : "failed"} ${stdout}${stderr}`),
      )
    })
    expect(report).toMatch(/^made /)
    expect(report).not.toContain("[warning]")
    const modules = await readdir(path.join(folder, "modules"))
    const { exports } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8"))
    expect(modules).toHaveLength(Object.keys(exports).filter((entry) => entry !== "./package.json").length)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
