/** Whatever a call throws has a stored form: its fields are kept as far as they can be, and as far as the bounds go. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { THROWN_TEXT_LENGTH_MAX, THROWN_VALUES_MAX, thrownValue } from "../../../runtime/call/ThrownValue.ts"
import { decodeValue } from "../../../runtime/json/StoredValue.ts"

const kept = (thrown: unknown): unknown => decodeValue(JSON.parse(JSON.stringify(thrownValue(thrown))))

class HttpError extends TypeError {
  readonly status: number
  override readonly name = "HttpError"
  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
  get code(): string {
    return "E_HTTP"
  }
}

class Problem {
  readonly title = "no"
  readonly retry = () => 1
  readonly inner = new URL("http://x/")
}

describe("what was thrown keeps", () => {
  it.each<readonly [string, unknown]>([
    ["text", "no"],
    ["nothing", undefined],
    [
      "an object",
      { code: "E1", list: [1, { a: null }], at: new Date(5), seen: new Map([["a", new Set([1])]]) },
    ],
    [
      "an error with a cause and fields",
      Object.assign(new RangeError("x", { cause: { a: 1 } }), { code: 5 }),
    ],
  ])("all of %s", (_, thrown) => {
    expect(kept(thrown)).toStrictEqual(thrown)
  })

  it("the fields of a user's error, as the nearest class that JavaScript has", () => {
    const back = kept(new HttpError(404)) as HttpError
    expect(back).toBeInstanceOf(TypeError)
    expect({ name: back.name, message: back.message, code: back.code, status: back.status }).toEqual({
      name: "HttpError",
      message: "status 404",
      code: "E_HTTP",
      status: 404,
    })
  })

  it("what a DOMException says", () => {
    expect(kept(new DOMException("gone", "AbortError"))).toMatchObject({
      name: "AbortError",
      message: "gone",
      code: 20,
    })
  })

  it("of an instance of a class the fields, without functions", () => {
    expect(kept(new Problem())).toEqual({ title: "no", inner: {} })
    expect(kept(() => 1)).toBe("() => 1")
  })

  it("no text that Postgres does not hold, and what can be read of what throws when it is read", () => {
    expect(kept(new Error("a\0b\ud800"))).toEqual(new Error("a\ufffdb\ufffd"))
    const hostile = {
      a: 1,
      get b() {
        throw new Error("hands off")
      },
    }
    expect(kept(hostile)).toEqual({ a: 1, b: "(reading it threw Error: hands off)" })
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    expect(kept(revoked.proxy)).toBe("(what was thrown cannot be read)")
  })

  it("not more than the bounds say", () => {
    const long = kept(new Error("x".repeat(THROWN_TEXT_LENGTH_MAX * 2))) as Error
    expect(long.message.length).toBeLessThanOrEqual(THROWN_TEXT_LENGTH_MAX)
    expect(long.message.length).toBeGreaterThan(THROWN_TEXT_LENGTH_MAX / 2)
    expect(kept(Array.from({ length: 5_000 }, (_, index) => index))).toHaveLength(THROWN_VALUES_MAX - 1)
    const loop = new Error("again")
    loop.cause = loop
    expect(JSON.stringify(thrownValue(loop)).length).toBeLessThan(2_000)
    expect(thrownValue(new Uint8Array(1_000_000))).not.toHaveProperty("$")
  })
})

describe("what was thrown is read no further than it is kept", () => {
  it("a list", () => {
    let readCount = 0
    const list = new Proxy(new Array(100_000), {
      get: (target, key) => {
        if (key !== "length") readCount++
        return target[key as never]
      },
    })
    expect(kept({ list })).toMatchObject({ list: { length: THROWN_VALUES_MAX - 2 } })
    expect(readCount).toBeLessThan(2 * THROWN_VALUES_MAX)
  })

  it("a number of more digits than there is text", () => {
    const fits = 10n ** 100n
    expect(kept({ fits, huge: 10n ** BigInt(THROWN_TEXT_LENGTH_MAX) })).toEqual({ fits })
  })

  it("an entry of a map whose key is not kept", () => {
    expect(
      kept(
        new Map<unknown, unknown>([
          [() => 1, 2],
          ["a", () => 1],
          ["b", 3],
        ]),
      ),
    ).toEqual(new Map([["b", 3]]))
  })
})

it("anything at all can be stored", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
  })
  fc.assert(
    fc.property(anything, (thrown) => {
      expect(() => kept(thrown)).not.toThrow()
      expect(() => kept(Object.assign(new Error("e"), { detail: thrown }))).not.toThrow()
    }),
  )
})
