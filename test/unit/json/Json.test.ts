import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  copyJson,
  JSON_DEPTH_MAX,
  NotJson,
  plainJson,
  plainJsonOfStored,
} from "../../../runtime/json/Json.ts"
import { isStorableJson, storableJson } from "../../../runtime/json/StorableText.ts"

const roundTrip = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** What `plainJson` makes of it, or `undefined` if it refuses. */
const attempt = (value: unknown): { readonly plain: unknown } | undefined => {
  try {
    return { plain: plainJson(value) }
  } catch (cause) {
    if (cause instanceof NotJson) return undefined
    throw cause
  }
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  withBoxedValues: true,
  withObjectString: true,
  withUnicodeString: true,
})

/** `__proto__` as a key, U+0000 and lone surrogates are the JSON that is refused. */
const json = fc
  .jsonValue({ maxDepth: 6, stringUnit: "binary" })
  .filter((value) => !/__proto__/.test(JSON.stringify(value)) && isStorableJson(value))

describe("plainJson", () => {
  it("FAULT 43: gives back what storage gives back, or refuses", () => {
    fc.assert(
      fc.property(anything, (value) => {
        const accepted = attempt(value)
        if (accepted !== undefined) expect(roundTrip(accepted.plain)).toEqual(accepted.plain)
      }),
      { numRuns: 3_000 },
    )
  })

  it("FAULT 43: takes every JSON value as it is, but for -0", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(roundTrip(plainJson(value))).toEqual(roundTrip(value))
      }),
    )
  })

  it.each([
    ["NaN", { a: [Number.NaN] }, "a.0"],
    ["an infinity", { a: Number.POSITIVE_INFINITY }, "a"],
    ["a bigint", { a: { b: 1n } }, "a.b"],
    ["a date", { at: new Date(0) }, "at"],
    ["a map", new Map(), ""],
    ["a function", { f: () => 1 }, "f"],
    ["a symbol", [Symbol.iterator], "0"],
    ["undefined in a list", [1, undefined], "1"],
    ["a hole in a list", new Array(2), "0"],
    ["a lone surrogate", { text: "a\udc00" }, "text"],
    ["U+0000", { text: ["a\0b"] }, "text.0"],
    ["U+0000 in a key", { text: { "a\0b": 1 } }, "text"],
    ["a lone surrogate in a key", { text: { "\ud800": 1 } }, "text"],
    ["__proto__", JSON.parse('{"a":{"__proto__":{}}}'), "a.__proto__"],
    ["undefined", undefined, ""],
  ])("FAULT 43: refuses %s and says where", (_, value, path) => {
    expect(() => plainJson(value)).toThrow(NotJson)
    expect(attempt(value)).toBeUndefined()
    try {
      plainJson(value)
    } catch (cause) {
      expect((cause as NotJson).path).toBe(path)
    }
  })

  it("FAULT 43: takes nesting up to its bound, and refuses more, and circles", () => {
    const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)])
    expect(attempt(nest(JSON_DEPTH_MAX))).toBeDefined()
    expect(attempt(nest(JSON_DEPTH_MAX + 1))).toBeUndefined()
    const circle: Array<unknown> = []
    circle.push(circle)
    expect(attempt(circle)).toBeUndefined()
  })

  it("leaves out properties that are undefined, and makes -0 zero, without touching what it was given", () => {
    const given = { a: undefined, b: -0, c: [{ d: undefined }] }
    expect(plainJson(given)).toStrictEqual({ b: 0, c: [{}] })
    expect(Object.keys(given)).toEqual(["a", "b", "c"])
  })
})

describe("plainJson of what is hostile", () => {
  const proxy = (handler: ProxyHandler<object>) => new Proxy({ a: 1 }, handler)
  const broken = (): never => {
    throw new Error("broken")
  }

  it.each([
    [
      "a getter",
      {
        a: {
          get b() {
            return broken()
          },
        },
      },
      "a.b",
    ],
    ["a proxy's keys", { a: proxy({ ownKeys: broken }) }, "a"],
    ["a proxy's prototype", [proxy({ getPrototypeOf: broken })], "0"],
    ["a proxy's values", { a: [proxy({ get: broken })] }, "a.0.a"],
    [
      "a class's name",
      Object.create({
        get constructor() {
          return broken()
        },
      }),
      "",
    ],
    [
      "what cannot be told",
      {
        get a() {
          throw Object.create(null)
        },
      },
      "a",
    ],
  ])("refuses %s that throws, and says where", (_, value, path) => {
    try {
      plainJson(value)
      expect.unreachable()
    } catch (cause) {
      expect(cause).toBeInstanceOf(NotJson)
      expect((cause as NotJson).path).toBe(path)
    }
  })

  it("refuses a proxy that is revoked", () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(() => plainJson(proxy)).toThrow(NotJson)
    expect(() => plainJson([proxy])).toThrow(NotJson)
  })

  it("reads everything once: what changes afterwards is another value", () => {
    let reads = 0
    const value = {
      list: [
        {
          get n() {
            return ++reads
          },
        },
      ],
    }
    const plain = plainJson(value)
    expect(reads).toBe(1)
    expect(JSON.stringify(plain)).toBe('{"list":[{"n":1}]}')
    expect(JSON.stringify(plain)).toBe('{"list":[{"n":1}]}')
  })
})

describe("plainJsonOfStored", () => {
  it("FAULT 72: takes U+0000, which older journals hold, and refuses the rest as plainJson does", () => {
    const old = { "a\0": ["\0"] }
    expect(plainJsonOfStored(old)).toEqual(old)
    for (const value of ["\ud800", { "\ud800": 1 }, Number.NaN, [undefined]]) {
      expect(() => plainJsonOfStored(value)).toThrow(NotJson)
    }
  })
})

describe("storableJson", () => {
  it("FAULT 72: has U+FFFD for each character that cannot be stored, and shares what can", () => {
    const good = { list: [1, "한글 \u{1f9ed}", null], "": {} }
    expect(storableJson(good)).toBe(good)
    const date = new Date(0)
    expect(storableJson({ "k\0": ["a\0\0b", "x\ud800y", good], date })).toStrictEqual({
      "k\ufffd": ["a\ufffd\ufffdb", "x\ufffdy", good],
      date,
    })
  })

  it("FAULT 72: is plain JSON whatever text was in it", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "\0", "\ud800", "\udc00", "€") })
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), text, text, (value, key, inner) => {
        const given = { key: { [key]: [inner, value] } }
        expect(
          attempt(storableJson(given)) !== undefined || JSON.stringify(given).includes("__proto__"),
        ).toBe(true)
      }),
    )
  })
})

describe("copyJson", () => {
  it("equals the original and shares nothing with it", () => {
    fc.assert(
      fc.property(json, (value) => {
        const copy = copyJson(plainJson(value))
        expect(copy).toEqual(plainJson(value))
        if (typeof value === "object" && value !== null) expect(copy).not.toBe(value)
      }),
    )
  })
})
