import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  fingerprint,
  fingerprintOf,
  isSameFingerprint,
  partsOfFingerprint,
} from "../../../runtime/json/Fingerprint.ts"
import { plainJson } from "../../../runtime/json/Json.ts"
import { isStorableJson } from "../../../runtime/json/StorableText.ts"

const roundTrip = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** The same value with the keys of its objects in another order. */
const reordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reordered(inner)]),
  )
}

/** `__proto__` as a key, U+0000 and lone surrogates are the JSON that is refused. */
const json = fc
  .jsonValue({ maxDepth: 6, stringUnit: "binary" })
  .filter((value) => !/__proto__/.test(JSON.stringify(value)) && isStorableJson(value))

/** What an older release has stored of a payload. */
const oldOf = (value: unknown): string => partsOfFingerprint(fingerprint(value)).text

describe("a fingerprint", () => {
  it("FAULT 43: does not depend on the order of keys, nor on a round trip", () => {
    fc.assert(
      fc.property(json, (value) => {
        const plain = plainJson(value)
        expect(fingerprint(reordered(plain))).toBe(fingerprint(plain))
        expect(fingerprint(roundTrip(plain))).toBe(fingerprint(plain))
      }),
    )
  })

  it("tells different values apart", () => {
    fc.assert(
      fc.property(json, json, (left, right) => {
        const [a, b] = [plainJson(left), plainJson(right)]
        const isSame = JSON.stringify(reordered(a)) === JSON.stringify(reordered(b))
        fc.pre(!isSame && JSON.stringify(a) !== JSON.stringify(b))
        expect(fingerprint(a) === fingerprint(b)).toBe(fc.stringify(a) === fc.stringify(b))
      }),
    )
    const alike = [
      1,
      "1",
      true,
      "true",
      null,
      "null",
      [],
      {},
      [[]],
      [{}],
      ["a", "b"],
      ["ab"],
      { a: "b" },
      ["a", "s", "b"],
      { "": 1 },
      "",
    ]
    expect(new Set(alike.map(fingerprint)).size).toBe(alike.length)
  })

  it.each([
    ["a bracket of the text", { k: {}, s: {} }, { k: { "}": "{" } }],
    ["a list's end", { a: ["]"], b: 1 }, { a: ["s", "]"], b: 1 }],
    ["a separator", ["a\u001fs\u001fb"], ["a", "b"]],
    ["a number as a key", [[1], 2], [[1, 2]]],
    ["a word", [true], ["true"]],
  ])("tells payloads apart although one has %s", (_, left, right) => {
    expect(isSameFingerprint(fingerprint(left), fingerprint(right))).toBe(false)
  })

  it("is compared by the text alone with what an older release has stored", () => {
    const [left, right] = [{ k: {}, s: {} }, { k: { "}": "{" } }]
    expect(isSameFingerprint(oldOf(left), fingerprint(left))).toBe(true)
    expect(isSameFingerprint(fingerprint(left), oldOf(left))).toBe(true)
    expect(isSameFingerprint(oldOf(left), fingerprint(right))).toBe(true)
    expect(isSameFingerprint(oldOf(left), fingerprint({ k: 1 }))).toBe(false)
    expect(isSameFingerprint("", fingerprint(left))).toBe(false)
  })

  it("comes back from its parts", () => {
    for (const whole of [fingerprint({ a: 1 }), oldOf({ a: 1 }), ""]) {
      const { text, structure } = partsOfFingerprint(whole)
      expect(fingerprintOf(text, structure)).toBe(whole)
    }
  })

  it("is part of the wire format: these never change", () => {
    expect(fingerprint({ type: "Add", by: 1 })).toBe(fingerprint({ by: 1, type: "Add" }))
    expect(
      [{}, { type: "Add", by: 1 }, "주문"].map((value) => partsOfFingerprint(fingerprint(value))),
    ).toMatchInlineSnapshot(`
      [
        {
          "structure": "46fa294b",
          "text": "f5dc795bcdf8a3a6",
        },
        {
          "structure": "e7b2fc98",
          "text": "c43028de6132ea30",
        },
        {
          "structure": "dc67d1f4",
          "text": "d5aa7cec1f615bb3",
        },
      ]
    `)
  })
})
