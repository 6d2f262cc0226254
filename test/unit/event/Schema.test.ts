import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { type AnySchema, validate } from "../../../runtime/event/Schema.ts"

const person = Schema.Struct({ name: Schema.String, age: Schema.optionalKey(Schema.Int) })
const strict = Schema.toStandardSchemaV1(person, { parseOptions: { onExcessProperty: "error" } })

/** A vendor's schema in its barest form. */
const vendor = (check: (value: unknown) => unknown): AnySchema => ({
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: check(value) }) },
})

describe("a schema", () => {
  it("of Effect is taken as it is, and says where a value is wrong", () => {
    expect(validate(person, { name: "ann", age: 3 })).toEqual({ value: { name: "ann", age: 3 } })
    const refused = validate(person, { name: 7 })
    expect(refused).toMatchObject({ issues: [{ path: "name" }] })
  })

  it("of Effect gives the same verdicts with and without its Standard Schema face", () => {
    const standard = Schema.toStandardSchemaV1(person)
    for (const value of [
      { name: "ann" },
      { name: "ann", age: 1.5 },
      {},
      null,
      "ann",
      { name: "ann", more: 1 },
    ]) {
      expect(validate(person, value)).toEqual(validate(standard, value))
    }
  })

  it("keeps the options that its Standard Schema face was made with", () => {
    expect(validate(strict, { name: "ann", more: 1 })).toMatchObject({ issues: [{ path: "more" }] })
  })

  it("of another vendor may change the value", () => {
    expect(
      validate(
        vendor((value) => String(value).trim()),
        " x ",
      ),
    ).toEqual({ value: "x" })
  })

  it("that throws or is asynchronous refuses the value", () => {
    const throwing = vendor(() => {
      throw new Error("no")
    })
    expect(validate(throwing, 1)).toMatchObject({ issues: [{ message: "the schema threw: Error: no" }] })
    const later: AnySchema = {
      "~standard": { version: 1, vendor: "test", validate: (value) => Promise.resolve({ value }) },
    }
    expect(validate(later, 1)).toMatchObject({
      issues: [{ message: expect.stringContaining("asynchronous") }],
    })
  })
})
