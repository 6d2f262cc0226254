/** Every public error says what it is, whether to try again, and what the reader can do. */
import { describe, expect, expectTypeOf, it } from "vitest"
import * as effect from "../../../infra/effect.ts"
import * as embedded from "../../../infra/embedded.ts"
import * as everstate from "../../../infra/everstate.ts"
import * as adapter from "../../../runtime/adapter.ts"
import { EverstateError, isEverstateError } from "../../../runtime/index.ts"
import * as operations from "../../../runtime/operations.ts"
import * as saga from "../../../runtime/saga.ts"
import * as testing from "../../../runtime/testing.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { documentedAs, errorPage, publicErrors } from "./ErrorTable.ts"

const errors = publicErrors({
  everstate,
  "everstate/saga": saga,
  "everstate/effect": effect,
  "everstate/testing": testing,
  "everstate/embedded": embedded,
  "everstate/operations": operations,
  "everstate/adapter": adapter,
})

describe("every public error", () => {
  it.each(errors.map((error) => [error.name, error] as const))("%s: has kind, retry, hint", (name, error) => {
    const { made, traits } = error
    expect(made).toBeInstanceOf(EverstateError)
    expect(made).toBeInstanceOf(Error)
    expect(isEverstateError(made)).toBe(true)
    expect(made.name).toBe(name)
    expect(["rejection", "conflict", "transient", "terminal", "defect"]).toContain(made.kind)
    expect(["same command id", "later", "never"]).toContain(made.retry)
    const hasOwnHint = "fields" in made.constructor && "hint" in (made.constructor.fields as object)
    expect(hasOwnHint ? "of the case" : (traits?.hint ?? made.hint)).toMatch(/\w{2}/)
    expect(documentedAs(name), `${name} has a doc comment`).toMatch(/\w{2}/)
  })

  it("is in docs/ERRORS.md", async () => {
    await expect(errorPage(errors)).toMatchFileSnapshot("../../../docs/ERRORS.md")
  })
})

describe("EverstateError", () => {
  it("is the base of errors of this package alone", () => {
    for (const other of [new Error("other"), undefined, null, "text", {}]) {
      expect(isEverstateError(other)).toBe(false)
      expect(other instanceof EverstateError).toBe(false)
    }
  })

  it("tells its classes apart", () => {
    const violation = new testing.Violation("promise", "detail")
    expect(violation).toBeInstanceOf(testing.Violation)
    expect(violation).not.toBeInstanceOf(testing.ScenarioFailed)
    expect(new Error("other")).not.toBeInstanceOf(testing.Violation)
    expect(null).not.toBeInstanceOf(testing.Violation)
  })

  it("says that a refusal for want of room passes, and others do not", () => {
    const refused = (reason: "Full" | "Foreign") =>
      new everstate.JournalRefused({ reason, detail: "x", hint: "y" }).retry
    expect(refused("Full")).toBe("later")
    expect(refused("Foreign")).toBe("never")
  })
})

describe("a rejection", () => {
  it("is narrowed to the reasons of its command", async () => {
    const { system } = await startMemory({ actors: [Counter] })
    const counter = system.get(Counter, "c")
    await counter.ask({ type: "Close" })
    const error = await counter.ask({ type: "Add", by: 1 }).then(undefined, (thrown: unknown) => thrown)
    expect(everstate.isRejectionOf(error, Counter, "Close")).toBe(false)
    expect(everstate.isRejectionOf(new Error("x"), Counter, "Add")).toBe(false)
    if (!everstate.isRejectionOf(error, Counter, "Add")) throw new Error(String(error))
    expectTypeOf(error.reason).toEqualTypeOf<"NotAccepted" | everstate.ReasonsOf<typeof Counter, "Add">>()
    expect(error).toMatchObject({ kind: "rejection", retry: "never" })
    await system.stop()
  })
})
