/**
 * The README's actor is real code: it is taken from the page, type-checked and run on servers of its own.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { PageProgram } from "./PageProgram.ts"

describe("the README's actor", () => {
  let program: PageProgram
  let dataFolder: string

  beforeAll(async () => {
    dataFolder = await mkdtemp(path.join(tmpdir(), "everstate-readme-"))
    program = await PageProgram.of("README.md", (page) =>
      page.replace('".everstate/example"', JSON.stringify(path.join(dataFolder, "servers"))),
    )
  })

  afterAll(async () => {
    await program.remove()
    await rm(dataFolder, { recursive: true, force: true })
  })

  it("type-checks as it is printed", () => program.typeCheck())

  it("runs, and its scenario holds", async () => {
    expect(await program.run()).toContain("{ version: 2, left: 70, balance: 70 }")
  })
})
