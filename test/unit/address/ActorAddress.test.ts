import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  addressFromKey,
  addressNamed,
  addressOf,
  InvalidActorId,
  InvalidActorKey,
  idFromToken,
  tokenFromId,
} from "../../../runtime/address/ActorAddress.ts"

const id = fc.string({ unit: "binary", minLength: 1, maxLength: 60 }).filter((text) => !text.includes("\0"))

describe("an address", () => {
  it("FAULT 38: turns every id into one subject token and back", () => {
    fc.assert(
      fc.property(id, (text) => {
        const token = tokenFromId(text)
        expect(token).toMatch(/^[A-Za-z0-9_~!'()%-]+$/)
        expect(idFromToken(token)).toBe(text)
      }),
      { numRuns: 1_000 },
    )
  })

  it("is found again from its key, in the same shard", () => {
    fc.assert(
      fc.property(id, fc.integer({ min: 1, max: 4_096 }), (text, shardCount) => {
        const address = addressOf("order", text, shardCount)
        expect(addressFromKey(address.key, shardCount)).toEqual(address)
        expect(address.shard).toBeGreaterThanOrEqual(0)
        expect(address.shard).toBeLessThan(shardCount)
      }),
    )
  })

  it("is not found from a key that is made in no other way", () => {
    const tooLong = `order/${"x".repeat(257)}`
    const keys = [
      "",
      "/",
      "order",
      "order/",
      "/o-1",
      "Order/o-1",
      "order/%zz",
      "order/%6f-1",
      "order/%e2%82%ac",
    ]
    for (const key of [...keys, "order/a.b", "order/*", "order/>", "order/a b", "order/a\r\nb", tooLong]) {
      expect(addressNamed(key, 64)).toBeUndefined()
      expect(() => addressFromKey(key, 64)).toThrow(InvalidActorKey)
    }
    expect(addressNamed(7 as never, 64)).toBeUndefined()
  })

  it("keeps ids apart that differ in anything", () => {
    fc.assert(
      fc.property(id, id, (one, two) => {
        expect(tokenFromId(one) === tokenFromId(two)).toBe(one === two)
      }),
    )
  })

  it("is part of the wire format: these never change", () => {
    expect(addressOf("order", "o-42", 64)).toEqual({
      type: "order",
      id: "o-42",
      token: "o-42",
      key: "order/o-42",
      shard: 34,
    })
    expect(addressOf("order", "주문 1.*>", 64).token).toBe("%EC%A3%BC%EB%AC%B8%201%2E%2A%3E")
  })

  it("FAULT 38: refuses what cannot be stored", () => {
    for (const text of ["", "\0", "\ud800", "x".repeat(10_000), "€".repeat(90)]) {
      expect(() => addressOf("order", text, 64)).toThrow(InvalidActorId)
    }
  })
})
