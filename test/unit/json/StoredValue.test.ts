/** Whatever value has a stored form comes back from JSON text as it was; any other value is refused with its path. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeValue, encodeValue, hasTags, NotStorable } from "../../../runtime/json/StoredValue.ts"

const throughText = (value: unknown): unknown => decodeValue(JSON.parse(JSON.stringify(encodeValue(value))))

const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1.5,
    "",
    "a\0",
  ),
  fc.string({ unit: "binary" }),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 5 }),
  fc.constant(/a+/giu),
)
const key = fc.oneof(fc.constantFrom("$", "a", "xstate$$type", "0", "toString"), fc.string({ maxLength: 3 }))
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: false }),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 2 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map((list) => new Set(list)),
    fc
      .record({
        Class: fc.constantFrom(Error, TypeError, RangeError),
        cause: tie("value"),
        code: tie("value"),
      })
      .map(({ Class, cause, code }) => Object.assign(new Class("m", { cause }), { code })),
  ),
}))

describe("a value", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(throughText(given)).toStrictEqual(given)
      }),
      { numRuns: 500 },
    )
  })

  it("that is a list with empty places keeps them", () => {
    const list = new Array<unknown>(4)
    list[2] = new Date(0)
    const back = throughText({ list }) as { readonly list: Array<unknown> }
    expect(back).toStrictEqual({ list })
    expect(Object.keys(back.list)).toEqual(["2"])
    expect(throughText(new Array(3))).toStrictEqual(new Array(3))
  })

  it("that is plain JSON stands for itself, unless a key is one of ours", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        const stored = encodeValue(given)
        fc.pre(!JSON.stringify(given).includes("-0") && !JSON.stringify(given).includes('"$"'))
        if (!hasTags(stored)) expect(stored).toStrictEqual(given)
        expect(throughText(given)).toStrictEqual(given)
      }),
    )
    expect(encodeValue({ a: [1, "x", null, true] })).toEqual({ a: [1, "x", null, true] })
    expect(throughText({ $: ["undefined"] })).toStrictEqual({ $: ["undefined"] })
    const proto = JSON.parse('{"__proto__":{"a":1},"b":2}')
    expect(Object.keys(throughText(proto) as object)).toEqual(["__proto__", "b"])
  })

  it("-0, an error's name and class, and what it was caused by are told apart", () => {
    expect(Object.is(throughText(-0), -0)).toBe(true)
    const cause = Object.assign(new RangeError("deep"), { code: "E1" })
    const given = Object.assign(new TypeError("wrong", { cause }), { name: "Odd", status: 404 })
    const back = throughText(given) as TypeError & { status: number; cause: RangeError & { code: string } }
    expect(back).toBeInstanceOf(TypeError)
    expect({ ...back, message: back.message, text: String(back) }).toEqual({
      name: "Odd",
      status: 404,
      message: "wrong",
      text: "Odd: wrong",
    })
    expect(back.cause).toBeInstanceOf(RangeError)
    expect(back.cause.code).toBe("E1")
    expect(back.stack).toBe("Odd: wrong")
    const many = throughText(new AggregateError([new Error("a"), 2], "all")) as AggregateError
    expect(many.errors).toEqual([new Error("a"), 2])
  })
})

class Money {
  readonly minor = 5
}
class Declined extends Error {}
class Seats extends Map {}

const cycle: { self?: unknown } = {}
cycle.self = [cycle]

describe("a value is refused with its path", () => {
  it.each<readonly [string, unknown, string, RegExp]>([
    [
      "an instance of a class",
      { cart: { items: [1, { price: new Money() }] } },
      "context.cart.items[1].price",
      /an instance of Money/,
    ],
    ["an error of a class of its own", [new Declined("no")], "context[0]", /an instance of Declined/],
    ["a subclass of a map", new Seats(), "context", /an instance of Seats/],
    ["a function", { "odd key": () => 1 }, 'context["odd key"]', /a function/],
    ["a symbol", new Set([Symbol("s")]), "context.values()[0]", /a symbol/],
    [
      "a promise in a map",
      new Map([["a", Promise.resolve()]]),
      "context.values()[0]",
      /an instance of Promise/,
    ],
    ["the match of a pattern", { match: /a/.exec("ba") }, "context.match", /a list with the field "groups"/],
    ["a key that is a symbol", { a: [{ [Symbol("s")]: 1 }] }, "context.a[0]", /a key that is a symbol/],
    ["a weak map", { w: new WeakMap() }, "context.w", /an instance of WeakMap/],
    ["what an error is caused by", new Error("x", { cause: new Money() }), "context.cause", /Money/],
    [
      "what throws when it is read",
      {
        get a() {
          throw new Error("hands off")
        },
      },
      "context.a",
      /reading it threw Error: hands off/,
    ],
  ])("%s", (_, given, path, reason) => {
    expect(() => encodeValue(given, "context")).toThrow(
      expect.objectContaining({ path, reason: expect.stringMatching(reason) }),
    )
    expect(() => encodeValue(given, "context")).toThrow(NotStorable)
  })

  it("a value inside itself", () => {
    expect(() => encodeValue(cycle, "context")).toThrow(/nested deeper than 256, or inside itself/)
  })
})

it("what is no stored form is refused when it is read", () => {
  expect(() => decodeValue({ $: ["Temporal", 1] })).toThrow(/of the kind Temporal, which is not known here/)
  expect(() => decodeValue({ $: "Date" })).toThrow()
  expect(() => decodeValue({ $: ["bigint", "x"] })).toThrow()
})
