import { describe, expect, it } from "vitest"
import { ContractBroken, expect as demand } from "../../../runtime/contract/Expectation.ts"

class Point {
  readonly x: number
  constructor(x: number) {
    this.x = x
  }
}

const bytes = (...all: ReadonlyArray<number>) => Uint8Array.from(all)
const that = (actual: unknown) => demand(actual)

/** A comparison that holds, and the same one with a value for which it does not hold. */
const comparisons: ReadonlyArray<readonly [string, () => void, () => void]> = [
  ["toBe", () => that(Number.NaN).toBe(Number.NaN), () => that({}).toBe({})],
  ["toBeUndefined", () => that(undefined).toBeUndefined(), () => that(null).toBeUndefined()],
  [
    "toEqual of a field",
    () => that({ a: [1, { b: 2 }] }).toEqual({ a: [1, { b: 2 }] }),
    () => that({ a: 1 }).toEqual({ a: 2 }),
  ],
  [
    "toEqual of an absent field",
    () => that({ a: 1, b: undefined }).toEqual({ a: 1 }),
    () => that({ a: 1, b: null }).toEqual({ a: 1 }),
  ],
  [
    "toEqual of a missing field",
    () => that({ a: 1 }).toEqual({ a: 1, b: undefined }),
    () => that({ a: 1 }).toEqual({ a: 1, b: 2 }),
  ],
  [
    "toEqual of another class",
    () => that(new Point(1)).toEqual({ x: 1 }),
    () => that(new Point(1)).toEqual({ x: 2 }),
  ],
  ["toEqual of a list", () => that([1, 2]).toEqual([1, 2]), () => that([1, 2, 3]).toEqual([1, 2])],
  ["toEqual of a list and an object", () => that([]).toEqual([]), () => that([]).toEqual({})],
  [
    "toEqual of bytes",
    () => that(bytes(1, 2)).toEqual(bytes(1, 2)),
    () => that(bytes(1, 2)).toEqual(bytes(1, 3)),
  ],
  [
    "toEqual of a set",
    () => that(new Set([1, 2])).toEqual(new Set([2, 1])),
    () => that(new Set([1])).toEqual(new Set([2])),
  ],
  [
    "toEqual of a larger set",
    () => that(new Set()).toEqual(new Set()),
    () => that(new Set([1, 2])).toEqual(new Set([1])),
  ],
  [
    "toMatchObject",
    () => that({ a: 1, b: { c: 2, d: 3 } }).toMatchObject({ b: { c: 2 } }),
    () => that({ a: 1 }).toMatchObject({ b: 1 }),
  ],
  [
    "toMatchObject of a list",
    () => that([{ a: 1, b: 2 }]).toMatchObject([{ a: 1 }]),
    () => that([{ a: 1 }, {}]).toMatchObject([{ a: 1 }]),
  ],
  [
    "toBeInstanceOf",
    () => that(new Point(1)).toBeInstanceOf(Point),
    () => that({ x: 1 }).toBeInstanceOf(Point),
  ],
  ["toHaveLength", () => that([1]).toHaveLength(1), () => that([1]).toHaveLength(2)],
  ["toContain of a list", () => that([1, 2]).toContain(2), () => that([1, 2]).toContain(3)],
  ["toContain of a text", () => that("abc").toContain("bc"), () => that("abc").toContain("d")],
  [
    "toContainEqual",
    () => that([{ a: 1 }]).toContainEqual({ a: 1 }),
    () => that([{ a: 1 }]).toContainEqual({ a: 2 }),
  ],
  ["toMatch", () => that("abc").toMatch(/b/), () => that("abc").toMatch(/d/)],
  ["toBeGreaterThan", () => that(2).toBeGreaterThan(1), () => that(1).toBeGreaterThan(1)],
  [
    "toBeGreaterThanOrEqual",
    () => that(1).toBeGreaterThanOrEqual(1),
    () => that(0).toBeGreaterThanOrEqual(1),
  ],
  ["toBeLessThan", () => that(1).toBeLessThan(2), () => that(2).toBeLessThan(2)],
  ["toBeLessThanOrEqual", () => that(2).toBeLessThanOrEqual(2), () => that(3).toBeLessThanOrEqual(2)],
  ["not", () => that(1).not.toBe(2), () => that(1).not.toBe(1)],
]

describe("a demand of a contract", () => {
  it.each(comparisons)("%s holds, and throws where it does not", (_, holding, broken) => {
    expect(holding).not.toThrow()
    expect(broken).toThrow(ContractBroken)
  })

  it("throws with what is demanded and what is there", () => {
    expect(() => demand([1], "the offset").toEqual([2])).toThrow(
      "the offset\n  demanded: equals [2]\n  actual:   [1]",
    )
  })

  it("shortens the text of a large value", () => {
    expect(() => demand("x".repeat(100_000)).toBe("y")).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{0,2200}…/s) }),
    )
  })
})
