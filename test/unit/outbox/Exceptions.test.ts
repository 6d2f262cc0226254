/** What waits by itself is listed, bounded, and settled when its mailbox says so; what the mailbox lost is told. */
import { describe, expect, it } from "vitest"
import { Exceptions, OWED_MAX, PARKED_MAX } from "../../../runtime/outbox/Exceptions.ts"
import { Watermark } from "../../../runtime/outbox/Watermark.ts"

const parkedWith = (positions: ReadonlyArray<readonly [sequence: number, position: number]>) => {
  const watermark = new Watermark()
  const exceptions = new Exceptions(watermark)
  exceptions.watched(true)
  for (const [sequence, position] of positions) {
    exceptions.park("clerk/c", 3, watermark.carry(sequence, 1), `m${sequence}`, position)
  }
  return { watermark, exceptions }
}

const owedItem = (sequence: number) => ({
  id: `m${sequence}`,
  to: "clerk/c",
  from: "desk/d",
  kind: "tell",
  sequence,
  index: 0,
  reason: "no",
  sinceMs: 0,
})

describe("parked items", () => {
  it("are settled when everything up to their position is acknowledged, and not before", () => {
    const { watermark, exceptions } = parkedWith([
      [5, 10],
      [7, 12],
    ])
    expect([watermark.settledUpTo, watermark.passedUpTo, exceptions.lowestTo("clerk/c")]).toEqual([4, 7, 5])
    exceptions.acknowledged(3, { first: 10, last: 20 })
    expect(exceptions.lost).toEqual([])
    expect(watermark.settledUpTo).toBe(4)
    exceptions.acknowledged(3, { first: 12, last: 20 })
    expect([watermark.settledUpTo, exceptions.lowestTo("clerk/c"), exceptions.parkedCount]).toEqual([6, 7, 1])
    exceptions.acknowledged(4, { first: undefined, last: 20 })
    expect(watermark.settledUpTo).toBe(6)
    exceptions.acknowledged(3, { first: undefined, last: 20 })
    expect([watermark.settledUpTo, exceptions.lowestTo("clerk/c")]).toEqual([7, Number.POSITIVE_INFINITY])
  })

  it("are told as lost where the mailbox ends before their position, until they are sent again", () => {
    const { exceptions, watermark } = parkedWith([
      [5, 10],
      [7, 12],
    ])
    // Twice: what could not be read from the journal is told at the next look, too.
    for (const last of [11, 30]) {
      exceptions.acknowledged(3, { first: undefined, last })
      expect(exceptions.lost.map(({ range }) => range)).toEqual([
        { receiver: "clerk/c", receiverShard: 3, from: 7, upTo: 7, position: 12 },
      ])
      expect([watermark.settledUpTo, exceptions.parkedCount]).toEqual([6, 1])
    }
    for (const { sentAgain } of exceptions.lost) sentAgain()
    expect([exceptions.lost, exceptions.parkedCount, watermark.settledUpTo]).toEqual([[], 0, 7])
  })

  it("are lost in a mailbox that was made anew, however far its positions are", () => {
    const { exceptions, watermark } = parkedWith([[5, 10]])
    exceptions.acknowledged(4, { first: undefined, last: 20, mailboxId: "a" })
    exceptions.acknowledged(3, { first: 10, last: 20, mailboxId: "a" })
    expect(exceptions.lost).toEqual([])
    exceptions.acknowledged(4, { first: undefined, last: 90, mailboxId: "b" })
    exceptions.park("clerk/d", 3, watermark.carry(7, 1), "m7", 80)
    exceptions.acknowledged(3, { first: undefined, last: 90, mailboxId: "b" })
    expect(exceptions.lost.map(({ range }) => range.receiver)).toEqual(["clerk/c"])
    expect(watermark.settledUpTo).toBe(4)
  })

  it("are inherited from a note with the commit that they begin at", () => {
    const watermark = new Watermark()
    const exceptions = new Exceptions(watermark)
    exceptions.inherit({ receiver: "clerk/c", receiverShard: 3, from: 5, upTo: 9, position: 12 })
    watermark.saw(20)
    expect([watermark.settledUpTo, watermark.passedUpTo, exceptions.lowestTo("clerk/c")]).toEqual([4, 20, 5])
    expect(exceptions.rows()?.parked).toEqual([
      { receiver: "clerk/c", receiverShard: 3, from: 5, upTo: 9, position: 12 },
    ])
    exceptions.acknowledged(3, { first: undefined, last: 12 })
    expect(watermark.settledUpTo).toBe(4)
    for (const { proven } of exceptions.unproven) proven(true)
    exceptions.acknowledged(3, { first: undefined, last: 12 })
    expect(watermark.settledUpTo).toBe(20)
  })

  it("are asked for one by one where nothing tells of their loss, because a later one may have the place of a lost one", () => {
    const watermark = new Watermark()
    const exceptions = new Exceptions(watermark)
    exceptions.inherit({ receiver: "clerk/c", receiverShard: 3, from: 5, upTo: 9, position: 12 })
    exceptions.park("clerk/c", 3, watermark.carry(15, 1), "m15", 12)
    const [inherited, own] = exceptions.unproven
    expect([inherited?.range, own?.range]).toMatchObject([
      { from: 5, upTo: 9 },
      { from: 15, upTo: 15 },
    ])
    inherited?.proven(false)
    own?.proven(true)
    expect(exceptions.unproven).toEqual([])
    expect(exceptions.lost).toMatchObject([{ range: { from: 5 } }])
    exceptions.watched(true)
    exceptions.park("clerk/c", 3, watermark.carry(16, 1), "m16", 13)
    expect(exceptions.unproven).toEqual([])
  })

  it("hold back the watermark beyond their bound, until they are settled", () => {
    const { watermark, exceptions } = parkedWith(
      Array.from({ length: PARKED_MAX + 1 }, (_, index) => [index + 1, index + 1] as const),
    )
    expect(watermark.passedUpTo).toBe(PARKED_MAX)
    exceptions.acknowledged(3, { first: undefined, last: PARKED_MAX + 1 })
    expect([watermark.passedUpTo, watermark.settledUpTo]).toEqual([PARKED_MAX + 1, PARKED_MAX + 1])
  })
})

describe("owed items", () => {
  it("are passed by the watermark, and settled once when they are sent", () => {
    const watermark = new Watermark()
    const exceptions = new Exceptions(watermark)
    const commit = watermark.carry(5, 1)
    watermark.saw(9)
    expect(exceptions.owe(commit, owedItem(5))).toBe(true)
    expect([watermark.settledUpTo, watermark.passedUpTo, exceptions.owed.length]).toEqual([4, 9, 1])
    expect([exceptions.lowestTo("clerk/c"), exceptions.lowestTo("clerk/d")]).toEqual([
      5,
      Number.POSITIVE_INFINITY,
    ])
    exceptions.settled(commit, "m5")
    expect([watermark.settledUpTo, watermark.passedUpTo, exceptions.owed.length]).toEqual([9, 9, 0])
  })

  it("become parked ones when the mailbox takes them", () => {
    const watermark = new Watermark()
    const exceptions = new Exceptions(watermark)
    exceptions.watched(true)
    const commit = watermark.carry(5, 1)
    exceptions.owe(commit, owedItem(5))
    exceptions.park("clerk/c", 3, commit, "m5", 8)
    expect([exceptions.owed.length, exceptions.parkedCount, watermark.settledUpTo]).toEqual([0, 1, 4])
    exceptions.acknowledged(3, { first: undefined, last: 8 })
    expect(watermark.settledUpTo).toBe(5)
  })

  it("hold back the watermark beyond their bound", () => {
    const watermark = new Watermark()
    const exceptions = new Exceptions(watermark)
    for (let sequence = 1; sequence <= OWED_MAX + 1; sequence++) {
      expect(exceptions.owe(watermark.carry(sequence, 1), owedItem(sequence))).toBe(sequence <= OWED_MAX)
    }
    expect(watermark.passedUpTo).toBe(OWED_MAX)
  })
})

describe("an item of a commit that was found twice", () => {
  it("is counted for each time by itself, though only one of the two is owed", () => {
    for (const how of ["parked", "settled"] as const) {
      const watermark = new Watermark()
      const exceptions = new Exceptions(watermark)
      exceptions.watched(true)
      const [first, second] = [watermark.carry(5, 1), watermark.carry(5, 1)]
      expect(exceptions.owe(second, owedItem(5))).toBe(true)
      const end = (commit: typeof first, position: number): void => {
        if (how === "parked") exceptions.park("clerk/c", 3, commit, "m5", position)
        else exceptions.settled(commit, "m5")
      }
      end(first, 10)
      expect(exceptions.owed).toHaveLength(1)
      expect(watermark.settledUpTo).toBe(4)
      end(second, 11)
      expect(exceptions.owed).toEqual([])
      exceptions.acknowledged(3, { first: undefined, last: 20 })
      expect(watermark.settledUpTo).toBe(5)
    }
  })
})
