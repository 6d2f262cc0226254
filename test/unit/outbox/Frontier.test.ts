/** The watermark's arithmetic against a plain model: a set of places for each thing that is known of them. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Frontier } from "../../../runtime/outbox/Frontier.ts"

const PLACES = 40

type Step = readonly ["begin" | "done" | "reaches", number]

const steps = fc.record({
  start: fc.integer({ min: 0, max: 5 }),
  steps: fc.array(
    fc.tuple(fc.constantFrom<Step[0]>("begin", "done", "reaches"), fc.integer({ min: 0, max: PLACES })),
    { maxLength: 120 },
  ),
})

/** What a frontier has to say, from what was told. */
class Model {
  readonly begun = new Set<number>()
  readonly sent = new Set<number>()
  seen: number
  readonly start: number

  constructor(start: number) {
    this.start = start
    this.seen = start
  }

  begin(place: number): void {
    this.reaches(place)
    if (!this.isKnown(place)) this.begun.add(place)
  }

  done(place: number): void {
    this.reaches(place)
    this.begun.delete(place)
    if (place > this.start) this.sent.add(place)
  }

  reaches(place: number): void {
    this.seen = Math.max(this.seen, place)
  }

  isKnown(place: number): boolean {
    return place <= this.start || this.begun.has(place) || this.sent.has(place)
  }

  get position(): number {
    let position = this.start
    while (this.sent.has(position + 1)) position++
    return position
  }

  get gap() {
    let after = this.start
    while (after < this.seen && this.isKnown(after + 1)) after++
    if (after === this.seen) return undefined
    let upTo = after + 1
    while (upTo < this.seen && !this.isKnown(upTo + 1)) upTo++
    return { after, upTo }
  }
}

describe("a frontier", () => {
  it("never passes a place that is not sent, names the first gap, and takes a place once", () => {
    fc.assert(
      fc.property(steps, ({ start, steps }) => {
        const frontier = new Frontier(start)
        const model = new Model(start)
        for (const [step, place] of steps) {
          const isNew = !model.isKnown(place)
          if (step === "begin") expect(frontier.begin(place)).toBe(isNew)
          else frontier[step](place)
          model[step](place)
          expect(frontier.position).toBe(model.position)
          expect(frontier.seen).toBe(model.seen)
          expect(frontier.gap()).toEqual(model.gap)
          expect(frontier.isKnown(place)).toBe(model.isKnown(place))
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it("keeps nothing of what is sent, however long an earlier place is not", () => {
    const frontier = new Frontier(0)
    frontier.begin(1)
    // More than a Map or Set can hold.
    for (let place = 2; place < 17_000_000; place++) frontier.done(place)
    expect(frontier.position).toBe(0)
    frontier.done(1)
    expect(frontier.position).toBe(16_999_999)
  })
})
