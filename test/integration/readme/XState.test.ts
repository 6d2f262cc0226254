/** The five machines of docs/XSTATE.md are real code: taken from the page, type-checked, and run in a simulation. */
import { afterAll, beforeAll, describe, it } from "vitest"
import { PageProgram } from "./PageProgram.ts"

describe("the machines of docs/XSTATE.md", () => {
  let program: PageProgram

  beforeAll(async () => {
    program = await PageProgram.of("docs/XSTATE.md")
  })

  afterAll(() => program.remove())

  it("type-check as they are printed", () => program.typeCheck())

  it("run, and all that the page says of them holds", async () => {
    await program.run()
  })
})
