import { describe, expect, it } from "vitest"
import { linearize, type TimedOperation } from "../../runtime/testing/simulation/Linearizability.ts"

/** A register: writes always fit, reads only where their value is. */
const write = (value: number, invoked: number, returned: number): TimedOperation<number> => ({
  name: `write ${value}`,
  invoked,
  returned,
  step: () => value,
})
const read = (value: number, invoked: number, returned: number): TimedOperation<number> => ({
  name: `read ${value}`,
  invoked,
  returned,
  step: (state) => (state === value ? state : undefined),
})
const never = Number.POSITIVE_INFINITY
const check = (...operations: ReadonlyArray<TimedOperation<number>>) => linearize(operations, 0, String)

describe("the linearizability check", () => {
  it("takes histories that one register explains", () => {
    expect(check().isLinearizable).toBe(true)
    expect(check(write(1, 1, 2), read(1, 3, 4)).isLinearizable).toBe(true)
    // Overlapping: the read may come before the write or after it.
    expect(check(write(1, 1, 10), read(0, 2, 3), read(1, 4, 5)).isLinearizable).toBe(true)
    expect(check(write(1, 1, 10), write(2, 2, 9), read(1, 11, 12)).isLinearizable).toBe(true)
  })

  it("refuses a stale read, a value from nowhere and a read that goes back", () => {
    expect(check(write(1, 1, 2), read(0, 3, 4))).toMatchObject({
      isLinearizable: false,
      longest: ["write 1"],
      stuckAt: ["read 0"],
    })
    expect(check(read(7, 1, 2)).isLinearizable).toBe(false)
    expect(check(write(1, 1, 10), read(1, 2, 3), read(0, 4, 5)).isLinearizable).toBe(false)
  })

  it("lets an operation that never ended happen at any time, or not at all", () => {
    expect(check(write(1, 1, never), read(0, 2, 3)).isLinearizable).toBe(true)
    expect(check(write(1, 1, never), read(0, 2, 3), read(1, 4, 5)).isLinearizable).toBe(true)
    expect(check(write(1, 1, never), read(1, 2, 3), read(0, 4, 5)).isLinearizable).toBe(false)
  })

  it("remembers what it has searched: a dozen operations at once are no problem", () => {
    const writes = Array.from({ length: 12 }, (_, index) => write(index, index, 1_000))
    expect(check(...writes, read(7, 1_001, 1_002)).isLinearizable).toBe(true)
    expect(check(...writes, read(99, 1_001, 1_002)).isLinearizable).toBe(false)
  })

  it("gives up where no search would end, and says so", () => {
    const writes = Array.from({ length: 40 }, (_, index) => write(index, index, 1_000))
    expect(check(...writes, read(99, 1_001, 1_002)).isLinearizable).toBeUndefined()
  })
})
