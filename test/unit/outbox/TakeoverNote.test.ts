/** Where the next owner begins: the journal's last commit knows enough, and a note is believed only where it fits. */
import { describe, expect, it } from "vitest"
import { takeoverNoteIn, takeoverPoint } from "../../../runtime/outbox/TakeoverNote.ts"

const parked = [{ receiver: "clerk/c", receiverShard: 3, from: 40, upTo: 50, position: 7 }]
const note = { epoch: 5, era: 7, passed: 90, parked, owed: [{ sequence: 60, index: 1 }] }
const nothing = { parked: [], owed: [] }

describe("the place where a shard is taken up", () => {
  it("is that of the note, with what waits below it", () => {
    const { epoch: _, era: __, passed, ...waiting } = note
    expect(takeoverPoint(100, note, { epoch: 5, era: 7, settled: 39 }, 0)).toEqual({
      after: passed,
      ...waiting,
    })
    expect(takeoverPoint(100, note, undefined, 0)).toEqual({ after: passed, ...waiting })
  })

  it("is that of the last commit without a note, with one of an earlier epoch, and with one beyond the journal", () => {
    expect(takeoverPoint(100, undefined, { epoch: 6, era: 8, settled: 39 }, 70)).toEqual({
      after: 39,
      ...nothing,
    })
    expect(takeoverPoint(100, note, { epoch: 6, era: 8, settled: 39 }, 70)).toEqual({ after: 39, ...nothing })
    expect(takeoverPoint(80, note, { epoch: 5, era: 7, settled: 39 }, 70)).toEqual({ after: 39, ...nothing })
  })

  it("is that of the commit where another owner had the note's epoch, as after a loss of leases and journal", () => {
    expect(takeoverPoint(100, note, { epoch: 5, era: 9, settled: 39 }, 0)).toEqual({ after: 39, ...nothing })
  })

  it("is that of the commit where the note of the same epoch is behind it", () => {
    expect(takeoverPoint(100, note, { epoch: 5, era: 7, settled: 95 }, 0).after).toBe(95)
  })

  it("is the position of the first release where no commit has a mark, and never beyond the journal", () => {
    expect(takeoverPoint(100, undefined, undefined, 70)).toEqual({ after: 70, ...nothing })
    expect(takeoverPoint(60, undefined, undefined, 70)).toEqual({ after: 60, ...nothing })
    expect(takeoverPoint(100, note, undefined, 95).after).toBe(95)
    expect(takeoverPoint(100, undefined, { epoch: 1, era: 3, settled: 200 }, 0).after).toBe(100)
  })

  it("is not that of a position where all commits are of later releases: it may be another shard's", () => {
    expect(takeoverPoint(100, undefined, "unmarked", 70)).toEqual({ after: 0, ...nothing })
    expect(takeoverPoint(100, note, "unmarked", 95).after).toBe(90)
  })
})

it("a stored value that is no note is none", () => {
  expect(takeoverNoteIn(note, "shard.1")).toEqual(note)
  expect(takeoverNoteIn({ ...note, slot: "shard.1" }, "shard.1")).toEqual(note)
  const strange = [
    undefined,
    null,
    7,
    "x",
    {},
    { ...note, passed: -1 },
    { ...note, parked: [null] },
    { ...note, owed: {} },
    { ...note, slot: "shard.2" },
  ]
  for (const value of strange) expect(takeoverNoteIn(value, "shard.1")).toBe(undefined)
})
