/** Who a request's caller is, and who signs an operator's verb. */
import { expect, it } from "vitest"
import { setUser, signerOf, userIn, userOf } from "../../../infra/http/Caller.ts"

it("is the name in the header, in any script", () => {
  const headers = new Headers()
  setUser(headers, "안나")
  expect(userIn(headers)).toBe("안나")
  setUser(headers, undefined)
  expect(userIn(headers)).toBeUndefined()
})

it("is nobody where the header is empty or blank", () => {
  for (const name of ["", " "]) expect(userIn(new Headers({ "x-user": name }))).toBeUndefined()
  expect(userOf({ "x-user": "" })).toBeUndefined()
})

it("a verb is signed by the caller, else by the name in its body, else by nobody known", () => {
  expect(signerOf({ "x-user": "ann" }, "bob")).toBe("ann")
  expect(signerOf({ "x-user": "" }, "bob")).toBe("bob")
  expect(signerOf({})).toBe("unknown")
})
