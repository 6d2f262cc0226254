/** When a node has what it has. Times are monotonic milliseconds. */
import { expect, it } from "vitest"
import { Ownership, UNREACHED_MS_MAX } from "../../../runtime/cluster/Ownership.ts"

const held = (disconnectedAtMs?: () => number) => {
  const ownership = new Ownership(1, disconnectedAtMs)
  ownership.open(0, 1)
  ownership.renewed(0, 10_000)
  return ownership
}

it("a node has its shards for as long as signs of life follow each other, and its lease", () => {
  const ownership = held()
  for (let ms = 1_000; ms < 9_500; ms += 1_000) {
    expect(ownership.takes(0, ms)).toBe(true)
    expect(ownership.reached(ms)).toBe(true)
  }
  expect(ownership.takes(0, 9_999)).toBe(true)
  expect(ownership.takes(0, 10_000)).toBe(false)
  ownership.end()
  expect(ownership.takes(0, 1)).toBe(false)
})

it("FAULT 7 and FAULT 13: one that stood still has nothing until its lease is renewed, though it reaches itself again", () => {
  const ownership = held()
  const laterMs = UNREACHED_MS_MAX + 1_000
  expect(ownership.takes(0, laterMs)).toBe(false)
  expect(ownership.reached(laterMs)).toBe(false)
  expect(ownership.takes(0, laterMs + 1)).toBe(false)
  ownership.renewed(laterMs + 2, laterMs + 10_000)
  expect(ownership.takes(0, laterMs + 3)).toBe(true)
})

it("FAULT 34: one that lost its connection has nothing until its lease is renewed, however short that was", () => {
  let disconnectedAtMs = Number.NEGATIVE_INFINITY
  const ownership = held(() => disconnectedAtMs)
  expect(ownership.reached(300)).toBe(true)
  disconnectedAtMs = 500
  expect(ownership.takes(0, 600)).toBe(false)
  expect(ownership.reached(700)).toBe(false)
  expect(ownership.takes(0, 800)).toBe(false)
  ownership.renewed(900, 10_000)
  expect(ownership.takes(0, 1_000)).toBe(true)
  expect(ownership.reached(1_200)).toBe(true)
})

it("FAULT 83: a node that went silent while it was connected was held up; one without its connection was not", () => {
  const laterMs = 20_000
  let disconnectedAtMs = Number.NEGATIVE_INFINITY
  const ownership = held(() => disconnectedAtMs)
  expect(ownership.wasHeldUp(1)).toBe(false)
  expect(ownership.wasHeldUp(laterMs)).toBe(true)
  disconnectedAtMs = laterMs - 3_000
  expect(ownership.wasHeldUp(laterMs)).toBe(false)
})

it("a place that is closed takes no new work and finishes what is in hand; one that is forgotten does neither", () => {
  const ownership = held()
  expect([ownership.takes(0, 1), ownership.epochOf(0, 1)]).toEqual([true, 1])
  ownership.close(0)
  expect([ownership.takes(0, 1), ownership.epochOf(0, 1)]).toEqual([false, 1])
  ownership.open(0, 2)
  expect([ownership.takes(0, 1), ownership.epochOf(0, 1)]).toEqual([true, 2])
  ownership.forget(0)
  expect([ownership.takes(0, 1), ownership.epochOf(0, 1)]).toEqual([false, 0])
})

it("work in hand may be finished for as long as the node is taken to be there, and no longer", () => {
  const ownership = held()
  expect(ownership.epochOf(0, UNREACHED_MS_MAX - 1)).toBe(1)
  expect(ownership.epochOf(0, UNREACHED_MS_MAX)).toBe(0)
  for (let ms = 1_000; ms < 9_500; ms += 1_000) ownership.reached(ms)
  expect(ownership.epochOf(0, 9_999)).toBe(1)
  expect(ownership.epochOf(0, 10_000)).toBe(0)
  ownership.renewed(9_000, 20_000)
  ownership.end()
  expect(ownership.epochOf(0, 9_001)).toBe(0)
})
