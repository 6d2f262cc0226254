/** How far a shard is settled: never past what is on its way, waits by itself, or may still be stored. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type CarryingCommit, Watermark } from "../../../runtime/outbox/Watermark.ts"

const marks = ({ settledUpTo, passedUpTo }: Watermark) => [settledUpTo, passedUpTo]

describe("the watermark of a shard", () => {
  it("is where the last commit is that is known, when nothing is on its way", () => {
    const watermark = new Watermark()
    watermark.saw(7)
    watermark.saw(3)
    expect(marks(watermark)).toEqual([7, 7])
  })

  it("stays before a commit until all its items are settled", () => {
    const watermark = new Watermark()
    const commit = watermark.carry(5, 2)
    watermark.saw(9)
    watermark.settled(commit)
    expect(marks(watermark)).toEqual([4, 4])
    watermark.settled(commit)
    expect(marks(watermark)).toEqual([9, 9])
  })

  it("passes an item that waits by itself, and is not settled before that is", () => {
    const watermark = new Watermark()
    const commit = watermark.carry(5, 2)
    watermark.saw(9)
    watermark.excepted(commit)
    watermark.settled(commit)
    expect(marks(watermark)).toEqual([4, 9])
    watermark.exceptionSettled(commit)
    expect(marks(watermark)).toEqual([9, 9])
  })

  it("does not pass an append whose outcome is open, though a later one was acknowledged first", () => {
    const watermark = new Watermark()
    watermark.saw(4)
    const first = watermark.begin()
    const second = watermark.begin()
    watermark.saw(6)
    watermark.over(second)
    expect(marks(watermark)).toEqual([4, 4])
    watermark.carry(5, 1)
    watermark.over(first)
    expect(marks(watermark)).toEqual([4, 4])
  })

  it("goes back before a commit of a former owner that is found late", () => {
    const watermark = new Watermark()
    watermark.settled(watermark.carry(8, 1))
    const late = watermark.carry(6, 1)
    expect(marks(watermark)).toEqual([5, 5])
    watermark.settled(late)
    expect(marks(watermark)).toEqual([8, 8])
  })

  it("is what a count of everything says, whatever happens in which order", () => {
    const step = fc.record({ kind: fc.nat(4), at: fc.nat(40), pick: fc.nat(1_000) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3_000, size: "max" }), (steps) => {
        const model = new Counted()
        for (const each of steps) {
          model.play(each)
          expect(marks(model.watermark)).toEqual(model.marks)
        }
      }),
      { numRuns: 20 },
    )
  })
})

/** A watermark with everything that it was told, counted anew each time. */
class Counted {
  readonly watermark = new Watermark()
  readonly #commits: Array<CarryingCommit> = []
  #seen = 0

  play({ kind, at, pick }: { readonly kind: number; readonly at: number; readonly pick: number }): void {
    const one = (commits: ReadonlyArray<CarryingCommit>) => commits[pick % commits.length] as CarryingCommit
    const open = this.#commits.filter(({ openCount }) => openCount > 0)
    const excepted = this.#commits.filter(({ exceptCount }) => exceptCount > 0)
    if (kind === 0) return this.#carry(Math.max(1, this.#seen - 3 + at), 1 + (pick % 3))
    if (kind === 3 && open.length > 0) return this.watermark.excepted(one(open))
    if (kind === 4 && excepted.length > 0) return this.watermark.exceptionSettled(one(excepted))
    if (open.length > 0) this.watermark.settled(one(open))
  }

  get marks(): ReadonlyArray<number> {
    const upTo = (isHeldBy: (commit: CarryingCommit) => boolean) =>
      Math.min(this.#seen, ...this.#commits.filter(isHeldBy).map(({ sequence }) => sequence - 1))
    return [
      upTo(({ openCount, exceptCount }) => openCount + exceptCount > 0),
      upTo(({ openCount }) => openCount > 0),
    ]
  }

  #carry(sequence: number, itemCount: number): void {
    if (this.#commits.some((commit) => commit.sequence === sequence)) return
    this.#commits.push(this.watermark.carry(sequence, itemCount))
    this.#seen = Math.max(this.#seen, sequence)
  }
}
