/** Assertions of the runtime: each finds the state that it calls impossible, and says what it found. */
import { describe, expect, it } from "vitest"
import { Ownership } from "../../../runtime/cluster/Ownership.ts"
import { freshRecords } from "../../../runtime/follower/FreshRecords.ts"
import {
  BrokenInvariant,
  INVARIANTS,
  invariant,
  observingInvariants,
} from "../../../runtime/invariant/Invariant.ts"
import type { JournalRecord } from "../../../runtime/journal/Journal.ts"
import { Watermark } from "../../../runtime/outbox/Watermark.ts"

const record = (sequence: number): JournalRecord => ({ key: "order/a", sequence, data: new Uint8Array() })

/** The error of `work`, which has to break an assertion. */
const brokenBy = (work: () => unknown): BrokenInvariant => {
  try {
    work()
  } catch (error) {
    if (error instanceof BrokenInvariant) return error
    throw error
  }
  throw new Error("no assertion was broken")
}

describe("invariant", () => {
  it("throws what was asserted, with the facts, unless it holds", () => {
    invariant(true, "commitsAscend", () => {
      throw new Error("facts are not asked for")
    })
    const error = brokenBy(() => invariant(false, "commitsAscend", () => ({ before: 7, stored: 7 })))
    expect(error.invariant).toBe("commitsAscend")
    expect(error.message).toBe(`${INVARIANTS.commitsAscend}: {"before":7,"stored":7}`)
    expect(brokenBy(() => invariant(false, "commitsAscend")).message).toBe(INVARIANTS.commitsAscend)
  })

  it("tells an observer of each check and of the broken one, while the observed work runs", () => {
    const told: Array<string> = []
    const observer = {
      checked: (name: string) => void told.push(name),
      broken: ({ invariant: name }: BrokenInvariant) => void told.push(`${name} is broken`),
    }
    const work = () => {
      invariant(true, "slotHeldOnce")
      invariant(false, "shardUnderEpoch")
    }
    expect(() => observingInvariants(observer, work)).toThrow(BrokenInvariant)
    invariant(true, "slotHeldOnce")
    expect(told).toEqual(["slotHeldOnce", "shardUnderEpoch", "shardUnderEpoch is broken"])
  })
})

describe("an assertion finds", () => {
  const whole = { partition: 0, partitionCount: 1 }

  it.each([
    ["the same sequence twice", [3, 3], whole],
    ["a sequence that goes back", [3, 2], whole],
    ["a record of another partition", [2, 5], { partition: 0, partitionCount: 2 }],
  ])("%s in a page of a follower", (_, sequences, place) => {
    const error = brokenBy(() => freshRecords(sequences.map(record), 0, place))
    expect(error.invariant).toBe("followAscends")
  })

  it("nothing in a page of which a part came before", () => {
    expect(freshRecords([1, 2, 3].map(record), 2, whole)).toEqual([record(3)])
    expect(freshRecords([2, 4].map(record), 0, { partition: 0, partitionCount: 2 })).toHaveLength(2)
  })

  it("an item that leaves the outbox twice", () => {
    const watermark = new Watermark()
    const commit = watermark.carry(5, 1)
    watermark.excepted(commit)
    expect(brokenBy(() => watermark.settled(commit)).invariant).toBe("itemSettledOnce")
    watermark.exceptionSettled(commit)
    expect(brokenBy(() => watermark.exceptionSettled(commit)).message).toContain('"sequence":5')
    expect(watermark.settledUpTo).toBe(5)
  })

  it("a shard that is opened without an epoch", () => {
    const ownership = new Ownership(1)
    expect(brokenBy(() => ownership.open(0, 0)).invariant).toBe("shardUnderEpoch")
  })
})
