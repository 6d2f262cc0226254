import { expect, test } from "vitest"
import { compactStateName } from "../../../runtime/machine/StateName.ts"
import { isInState, valueOfName } from "../../../runtime/machine/StatePattern.ts"

test.each([
  ["placed", "placed", true],
  ["placed", "paid", false],
  ["fulfilling", "{fulfilling:packed}", true],
  ["{fulfilling:packed}", "{fulfilling:packed}", true],
  ["fulfilling.packed", "{fulfilling:packed}", true],
  ["fulfilling.sent", "{fulfilling:packed}", false],
  ["{fulfilling:packed}", "fulfilling", false],
  ["packed", "{fulfilling:packed}", false],
  ["payment", "{payment:due,stock:held}", true],
  ["{payment:due}", "{payment:due,stock:held}", true],
  ["{stock:held,payment:due}", "{payment:due,stock:held}", true],
  ["{payment:paid}", "{payment:due,stock:held}", false],
  ["{a:b}", "{a:{b:c},d:e}", true],
  ["a.b", "{a:{b:c},d:e}", true],
  ["fulfil", "{fulfilling:packed}", false],
  ["", "placed", false],
  ["pla", "placed", false],
  ["{a:b}", "{a:bc}", false],
  ["toString", "{payment:due}", false],
])("whether %s is the state or around it of an actor in %s: %s", (wanted, name, isIn) => {
  expect(isInState(wanted, name)).toBe(isIn)
})

test("reads every compact name back, and no other text", () => {
  for (const value of ["placed", { a: "b" }, { a: { b: "c" }, d: {} }]) {
    expect(valueOfName(compactStateName(value))).toEqual(value)
  }
  for (const text of ["{a}", "{a:}", "{a:b", "{a:b}c", "a:b", "", "{:b}"]) {
    expect(valueOfName(text)).toBeUndefined()
  }
})
