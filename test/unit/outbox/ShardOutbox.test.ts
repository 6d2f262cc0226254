/** What of a shard's journal is read for its outbox, and what is said to be settled meanwhile. */
import { describe, expect, it } from "vitest"
import { ShardOutbox } from "../../../runtime/outbox/ShardOutbox.ts"

const LEASE_MS = 1_000

const opened = (epoch = 2, after = 4, end = 6): ShardOutbox => {
  const shard = new ShardOutbox({
    shardIndex: 0,
    shard: 0,
    slot: "shard.0",
    epoch,
    era: 77,
    types: new Set(["desk"]),
  })
  shard.start(after, end, 2 * LEASE_MS)
  return shard
}

/** Reads to the end, without a find. */
const readAll = (shard: ShardOutbox, end: number, nowMs: number): void => {
  if (shard.toRead(nowMs) !== undefined) shard.readToEnd(end, nowMs)
}

const settleNext = (shard: ShardOutbox, sequence: number, nowMs: number): void => {
  shard.wrote(sequence, nowMs, nowMs)
  shard.watermark.settled(shard.begin(sequence, 1))
}

describe("the journal of a shard", () => {
  it("is read from where the former owner left off, and again for as long as that one's append may land", () => {
    const shard = opened()
    expect(shard.isBehind).toBe(true)
    expect(shard.toRead(0)).toBe(4)
    readAll(shard, 6, 0)
    expect([shard.isBehind, shard.toRead(0)]).toEqual([false, undefined])
    expect(shard.toRead(500)).toBe(6)
    readAll(shard, 6, 2_000)
    expect(shard.toRead(1_000_000)).toBe(undefined)
  })

  it("is read once when no node had the shard before and it is empty, and looked at later", () => {
    const shard = opened(1, 0, 0)
    readAll(shard, 0, 0)
    expect([shard.toRead(5_000), shard.isLookDue(5_000), shard.isLookDue(10_000)]).toEqual([
      undefined,
      false,
      true,
    ])
  })

  it("is read at a look when something came since the last one, but not while this node writes it all the time", () => {
    const shard = opened(1, 0, 0)
    readAll(shard, 0, 0)
    shard.look(3, 10_000)
    expect(shard.toRead(10_000)).toBe(0)
    readAll(shard, 3, 10_000)
    settleNext(shard, 9, 39_000)
    shard.look(12, 40_000)
    expect(shard.toRead(40_000)).toBe(undefined)
    shard.look(14, 70_000)
    expect(shard.toRead(70_000)).toBe(9)
  })

  it("is read from before the first commit that is left to it", () => {
    const shard = opened()
    readAll(shard, 6, 2_000)
    shard.leave(9)
    shard.leave(8)
    expect([shard.isBehind, shard.toRead(2_000), shard.leftAfter]).toEqual([true, 7, 7])
  })

  it("has commits that were left sent once it is read to its end without them", () => {
    const shard = opened()
    let sentCount = 0
    shard.leave(9, () => sentCount++)
    readAll(shard, 8, 0)
    expect([sentCount, shard.isBehind]).toEqual([1, false])
  })
})

describe("a commit of this owner", () => {
  it("is untold while the outcome of its actor's append is open, and only above what that expects", () => {
    const shard = opened()
    readAll(shard, 6, 0)
    const append = shard.watermark.begin()
    expect(shard.isUntold("desk/d", 9)).toBe(false)
    shard.unresolved("desk/d", append, 5)
    expect([shard.isUntold("desk/d", 5), shard.isUntold("desk/d", 9), shard.isUntold("desk/e", 9)]).toEqual([
      false,
      true,
      false,
    ])
    shard.over("desk/d", append)
    expect(shard.isUntold("desk/d", 9)).toBe(false)
  })

  it("that is found twice is begun once", () => {
    const shard = opened()
    expect(shard.beginFound(5, 1)).toBeDefined()
    expect(shard.beginFound(5, 1)).toBe(undefined)
  })
})

describe("what is settled", () => {
  it("is not known before the former owner's place is, and stays before what is to be read", () => {
    const shard = new ShardOutbox({
      shardIndex: 0,
      shard: 0,
      slot: "shard.0",
      epoch: 2,
      era: 77,
      types: new Set(["desk"]),
    })
    expect(shard.settledUpTo).toBe(undefined)
    shard.start(4, 6, 2 * LEASE_MS)
    settleNext(shard, 9, 0)
    expect(shard.settledUpTo).toBe(4)
    readAll(shard, 9, 0)
    expect(shard.settledUpTo).toBe(9)
  })

  it("stays where the journal was read last while a former owner may still write", () => {
    const shard = opened()
    readAll(shard, 6, 0)
    settleNext(shard, 9, 100)
    expect([shard.settledUpTo, shard.passedUpTo]).toEqual([6, 6])
    readAll(shard, 9, 2_000)
    expect([shard.settledUpTo, shard.passedUpTo]).toEqual([9, 9])
  })
})

describe("a floor", () => {
  const FLOORLESS = undefined

  it("tells how far commits of this epoch are settled, with the highest time among them", () => {
    const shard = opened()
    readAll(shard, 6, 2_000)
    expect(shard.floorTo("clerk/c")).toBe(FLOORLESS)
    settleNext(shard, 9, 5_000)
    settleNext(shard, 11, 4_000)
    expect(shard.floorTo("clerk/c")).toEqual({ era: 77, sequence: 11, atMs: 5_000 })
  })

  it("stays before what is on its way, and before what waits for the receiver itself", () => {
    const shard = opened()
    readAll(shard, 6, 2_000)
    settleNext(shard, 9, 5_000)
    const parked = shard.begin(10, 1)
    expect(shard.floorTo("clerk/c")?.sequence).toBe(9)
    shard.exceptions.park("clerk/c", 3, parked, "m", 1)
    settleNext(shard, 12, 5_000)
    expect([shard.floorTo("clerk/c")?.sequence, shard.floorTo("clerk/other")?.sequence]).toEqual([9, 12])
  })

  it("is not told while something of a former owner waits for the receiver, nor where something was never confirmed", () => {
    const shard = opened()
    readAll(shard, 6, 2_000)
    settleNext(shard, 9, 5_000)
    shard.exceptions.inherit({ receiver: "clerk/c", receiverShard: 3, from: 2, upTo: 3, position: 1 })
    expect([shard.floorTo("clerk/c"), shard.floorTo("clerk/other")?.sequence]).toEqual([FLOORLESS, 9])
    shard.isExact = false
    expect(shard.floorTo("clerk/other")).toBe(FLOORLESS)
  })
})

describe("the takeover note", () => {
  it("is due when something changed and its time has come, and at the end", () => {
    const shard = opened()
    readAll(shard, 6, 2_000)
    const first = shard.noteToSave(0, 2_000, false)
    expect(first?.note).toEqual({ slot: "shard.0", epoch: 2, era: 77, passed: 6, parked: [], owed: [] })
    shard.saved(first?.text ?? "", 0)
    expect(shard.noteToSave(2_000, 2_000, false)).toBe(undefined)
    settleNext(shard, 9, 1_000)
    expect(shard.noteToSave(1_999, 2_000, false)).toBe(undefined)
    expect(shard.noteToSave(1_999, 2_000, true)).toBeDefined()
  })
})
