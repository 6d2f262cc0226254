/** What user code is given can be read and not changed. */
import { describe, expect, it } from "vitest"
import { frozen, handedOut } from "../../../runtime/json/Frozen.ts"

class Money {
  minor: number
  constructor(minor: number) {
    this.minor = minor
  }
  twice(): number {
    return this.minor * 2
  }
}

class Seats extends Map<string, number> {
  readonly row = ["a"]
}

describe("a frozen value", () => {
  it("is frozen below a part that its owner has frozen, too", () => {
    const list = [1]
    const value = frozen({ outer: Object.freeze({ list }) })
    expect(Object.isFrozen(value.outer.list)).toBe(true)
  })

  it("may contain itself", () => {
    const value: { self?: unknown; when: Date } = { when: new Date(0) }
    value.self = { value }
    const given = handedOut(frozen(value)) as { self: { value: unknown }; when: Date }
    expect(given).not.toBe(value)
    expect(given.self.value).toBe(given)
    expect(frozen(value)).toBe(value)
  })
})

describe("a value that is handed out", () => {
  it("is the value itself where all of it is frozen", () => {
    const value = { list: [{ a: 1 }], text: "x" }
    expect(handedOut(frozen(value))).toBe(value)
    expect(Object.isFrozen(value.list[0])).toBe(true)
  })

  it("shares what is frozen and copies the rest", () => {
    const value = { plain: { list: [1] }, inner: [{ when: new Date(5) }] }
    const given = handedOut(frozen(value))
    expect(given).toEqual(value)
    expect(given.plain).toBe(value.plain)
    expect(Object.isFrozen(given.inner)).toBe(true)
    given.inner[0]?.when.setTime(7)
    expect(value.inner[0]?.when.getTime()).toBe(5)
  })

  it.each([
    ["a date", () => new Date(5), (date: Date) => date.setTime(7), (date: Date) => date.getTime()],
    [
      "a map",
      () => new Map([["a", [1]]]),
      (map: Map<string, Array<number>>) => map.clear(),
      (map: Map<string, Array<number>>) => map.size,
    ],
    [
      "a value of a map",
      () => new Map([["a", new Set([1])]]),
      (map: Map<string, Set<number>>) => map.get("a")?.add(2),
      (map: Map<string, Set<number>>) => map.get("a")?.size,
    ],
    ["a set", () => new Set([1]), (set: Set<number>) => set.add(2), (set: Set<number>) => set.size],
    [
      "bytes",
      () => new Uint8Array([1]),
      (bytes: Uint8Array) => {
        bytes[0] = 2
      },
      (bytes: Uint8Array) => bytes[0],
    ],
    [
      "a frozen object with a list, in a map",
      () => new Map([["a", Object.freeze({ list: [1] })]]),
      (map: Map<string, { list: Array<number> }>) => map.get("a")?.list.push(2),
      (map: Map<string, { list: Array<number> }>) => map.get("a")?.list.length,
    ],
    [
      "an instance of a class",
      () => new Money(5),
      (money: Money) => {
        money.minor = 7
      },
      (money: Money) => money.twice(),
    ],
    [
      "a subclass of a map",
      () => new Seats([["a", 1]]),
      (seats: Seats) => {
        seats.set("b", 2)
        Reflect.apply(Array.prototype.push, seats.row, ["b"])
      },
      (seats: Seats) => `${seats.size} ${seats.row.length}`,
    ],
  ])("gives %s as a copy that can be used", (_, make, change, read) => {
    const value = { part: make() }
    const before = read(value.part as never)
    const given = handedOut(frozen(value))
    expect(read(given.part as never)).toEqual(before)
    try {
      change(given.part as never)
    } catch {
      // Parts that are frozen say so.
    }
    expect(read(value.part as never)).toEqual(before)
  })
})
