/** What user SQL throws is translated, whatever it is. */
import { expect, it } from "vitest"
import { leavesConnectionBroken, translatePostgresError } from "../../../infra/postgres/PostgresErrors.ts"

const throwing = (): never => {
  throw new Error("not to be looked at")
}

it.each([
  ["an object without a prototype", Object.create(null)],
  ["an object whose text throws", { toString: throwing }],
  ["a proxy that refuses everything", new Proxy({}, { get: throwing, getPrototypeOf: throwing })],
  [
    "an error whose fields throw",
    Object.defineProperties(new Error("x"), { code: { get: throwing }, message: { get: throwing } }),
  ],
  ["an error whose message is no text", Object.assign(new Error("x"), { message: Symbol("x") })],
])("is refused for good where it is %s", (_, cause) => {
  expect(translatePostgresError(cause)).toMatchObject({ _tag: "PostgresRefused", code: "UNKNOWN" })
  expect(leavesConnectionBroken(cause)).toBe(false)
})

it("names the first failure of several addresses", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
  // Node gives it no message of its own.
  const both = Object.assign(new AggregateError([refused, refused], "x"), { message: "" })
  expect(translatePostgresError(both)).toMatchObject({
    _tag: "PostgresUnavailable",
    code: "ECONNREFUSED",
    detail: "connect ECONNREFUSED",
  })
})
