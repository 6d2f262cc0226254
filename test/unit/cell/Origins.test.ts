/** The memory of handled messages, alone and against a model that forgets nothing. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ERAS_REMEMBERED_MAX, NO_ORIGINS, Origins } from "../../../runtime/cell/Origins.ts"
import type { Floor, Origin } from "../../../runtime/message/Origin.ts"

const origin = (era: number, sequence: number, atMs = sequence * 10, index = 0): Origin => ({
  source: "shard.3",
  era,
  sequence,
  index,
  atMs,
})
const floor = (era: number, sequence: number, atMs = sequence * 10): Floor => ({ era, sequence, atMs })

/** A memory of these messages, each with the floor that it brought. */
const memoryOf = (...handled: ReadonlyArray<readonly [Origin, Floor?]>): Origins =>
  handled.reduce((memory, [from, said]) => memory.add(from, said), NO_ORIGINS)

describe("the memory of handled messages", () => {
  it("tells messages apart by source, era, sequence, index and time", () => {
    const memory = memoryOf([origin(1, 5)])
    expect(memory.has(origin(1, 5))).toBe(true)
    const others = [origin(2, 5), origin(1, 6), origin(1, 5, 51), origin(1, 5, 50, 1)]
    for (const other of [...others, { ...origin(1, 5), source: "shard.4" }])
      expect(memory.has(other)).toBe(false)
  })

  it("is one shared empty memory where nothing was handled", () => {
    const one = NO_ORIGINS.add(origin(1, 1), undefined)
    expect(one).not.toBe(NO_ORIGINS)
    expect(one.add(origin(1, 2), undefined)).toBe(one)
    expect(NO_ORIGINS.has(origin(1, 1))).toBe(false)
    expect(NO_ORIGINS.size).toBe(0)
    expect(Origins.fromRows([])).toBe(NO_ORIGINS)
  })

  it("takes what a floor covers for handled, and what is above it in sequence or time for new", () => {
    const memory = memoryOf([origin(1, 5), floor(1, 4, 40)])
    expect(memory.has(origin(1, 4))).toBe(true)
    expect(memory.has(origin(1, 3, 39, 7))).toBe(true)
    expect(memory.has(origin(1, 6))).toBe(false)
    expect(memory.has(origin(1, 4, 41))).toBe(false)
  })

  it("does not let the floor of an era speak for another one", () => {
    const memory = memoryOf([origin(7, 5), floor(7, 9)])
    expect(memory.has(origin(6, 5))).toBe(false)
    expect(memory.has(origin(8, 5))).toBe(false)
  })

  it("forgets what a floor covers and keeps the rest", () => {
    const memory = memoryOf([origin(1, 1)], [origin(1, 2)], [origin(1, 3)], [origin(1, 4), floor(1, 2)])
    expect(memory.rows()).toEqual([
      [
        "shard.3",
        [0, 0],
        [[1, 2, 20]],
        [
          [1, 3, 0, 30],
          [1, 4, 0, 40],
        ],
      ],
    ])
    expect(memory.size).toBe(3)
  })

  it("keeps the floor that it has where another says less in sequence or in time", () => {
    for (const other of [floor(1, 3, 90), floor(1, 9, 30), floor(1, 3, 30)]) {
      const memory = memoryOf([origin(1, 20), floor(1, 5, 50)], [origin(1, 21), other])
      expect(memory.has(origin(1, 5, 50))).toBe(true)
      expect(memory.has(origin(1, 9, 80))).toBe(false)
    }
  })

  it(`retires the oldest era when one more than ${ERAS_REMEMBERED_MAX} has said a floor`, () => {
    let memory = NO_ORIGINS
    for (let era = 2; era < 2 + ERAS_REMEMBERED_MAX; era++) {
      memory = memory.add(origin(era, 10 * era), floor(era, 10 * era - 1))
    }
    expect(memory.has(origin(1, 19))).toBe(false)
    memory = memory.add(origin(20, 200), floor(20, 199))
    const known = [origin(1, 19), origin(2, 19), origin(2, 20), origin(2, 21), origin(3, 29), origin(3, 31)]
    expect(known.map((from) => memory.has(from))).toEqual([true, true, true, false, true, false])
  })

  it("takes nothing that is above what was retired for handled, whatever its era", () => {
    let memory = NO_ORIGINS
    for (let era = 2; era < 4 + ERAS_REMEMBERED_MAX; era++) {
      memory = memory.add(origin(era, 10 * era), floor(era, 10 * era - 1))
    }
    expect(memory.has(origin(1, 30))).toBe(false)
    // A journal that lost its end gives a sequence again, at a later time.
    expect(memory.has({ ...origin(1, 20), atMs: 1_000_000 })).toBe(false)
  })

  it("does not retire an era for the floor of an older one", () => {
    let memory = NO_ORIGINS
    for (let era = 11; era < 11 + ERAS_REMEMBERED_MAX; era++) {
      memory = memory.add(origin(era, 10 * era), floor(era, 10 * era - 1))
    }
    memory = memory.add(origin(5, 9), floor(5, 8))
    const known = [origin(5, 9), origin(5, 8), origin(11, 111)]
    expect(known.map((from) => memory.has(from))).toEqual([true, false, false])
  })

  it("holds what its sender keeps unsettled, however many messages come", () => {
    let memory = NO_ORIGINS
    let largest = 0
    for (let sequence = 100; sequence < 5_000; sequence++) {
      memory = memory.add(origin(1, sequence), floor(1, sequence - 100))
      largest = Math.max(largest, memory.size)
    }
    expect(largest).toBeLessThan(250)
    expect(memory.rows()[0]?.[3]).toHaveLength(100)
  })

  it.each([
    ["no list", {}],
    ["a row that is none", [null]],
    ["no source", [["", [0, 0], [], []]]],
    ["no retired era", [["mail", "x", [], []]]],
    ["a floor that is none", [["mail", [0, 0], [[1, 2]], []]]],
    ["a message that is none", [["mail", [0, 0], [], [[1, 2, 3]]]]],
  ])("refuses rows with %s", (_, rows) => {
    expect(() => Origins.fromRows(rows)).toThrow("cannot be read")
  })
})

/** What a source and the ways to one receiver do. Numbers pick among what there is. */
const steps = fc.array(
  fc.record({
    step: fc.constantFrom(
      ...Array.from({ length: 6 }, () => "write" as const),
      ...Array.from({ length: 9 }, () => "deliver" as const),
      ...Array.from({ length: 4 }, () => "say" as const),
      ...(["bury", "newOwner", "tailLost", "lateAppend", "clockBack", "snapshot"] as const),
    ),
    pick: fc.nat(),
  }),
  { minLength: 60, maxLength: 150 },
)
type Step = typeof steps extends fc.Arbitrary<ReadonlyArray<infer S>> ? S : never

/** One source and one receiver. It remembers everything, and says only floors that are true. */
class World {
  memory: Origins = NO_ORIGINS
  /** Messages that were written, and whether they are handled, dead letters, or neither. */
  readonly sent: Array<{ readonly origin: Origin; state: "open" | "handled" | "dead" }> = []
  #era = 1
  #sequence = 0
  #highest = 0
  #clockMs = 1_000
  #latestMs = 0
  /** The floor that the next message brings, true when it was said. */
  #said: Floor | undefined

  play({ step, pick }: Step): void {
    switch (step) {
      case "write":
        return this.#write(this.#era, 1 + (pick % 2))
      case "lateAppend":
        return this.#write(Math.max(1, this.#era - 1), 1)
      case "deliver":
        return this.#deliver(pick)
      case "bury": {
        const message = this.sent[pick % this.sent.length]
        if (message?.state === "open") message.state = "dead"
        return
      }
      case "say": {
        const floors = this.sent
          .map(({ origin: { era, sequence, atMs } }) => floor(era, sequence, atMs))
          .filter((said) =>
            this.sent.every(({ origin: from, state }) => state !== "open" || !covers(said, from)),
          )
        this.#said = floors[pick % floors.length] ?? this.#said
        return
      }
      case "newOwner":
        // A sender that is not done with an old era keeps its shard's next owners from speaking.
        for (const message of this.sent) {
          const isOld = message.origin.era <= this.#era - (ERAS_REMEMBERED_MAX - 1)
          if (isOld && message.state === "open") message.state = "dead"
        }
        this.#era++
        return
      case "tailLost":
        this.#sequence = Math.floor(this.#sequence / 2)
        return
      case "clockBack":
        this.#clockMs -= 7
        return
      case "snapshot": {
        const rows = JSON.parse(JSON.stringify(this.memory.rows()))
        this.memory = Origins.fromRows(rows)
        expect(this.memory.rows()).toEqual(rows)
      }
    }
  }

  #write(era: number, items: number): void {
    this.#sequence++
    this.#clockMs += this.#sequence % 3
    // A sequence that comes again is of a commit that is later than all before.
    const atMs = this.#sequence > this.#highest ? this.#clockMs : this.#latestMs + 1
    this.#highest = Math.max(this.#highest, this.#sequence)
    this.#latestMs = Math.max(this.#latestMs, atMs)
    for (let index = 0; index < items; index++) {
      this.sent.push({ origin: origin(era, this.#sequence, atMs, index), state: "open" })
    }
  }

  #deliver(pick: number): void {
    const message = this.sent[pick % this.sent.length]
    if (message === undefined) return
    const isRepeat = this.memory.has(message.origin)
    if (message.state === "handled") expect(isRepeat).toBe(true)
    if (message.state === "open") expect(isRepeat).toBe(false)
    if (isRepeat) return
    this.memory = this.memory.add(message.origin, this.#said)
    message.state = "handled"
  }
}

const covers = (said: Floor, { era, sequence, atMs }: Origin): boolean =>
  era === said.era && sequence <= said.sequence && atMs <= said.atMs

describe("against a model that forgets nothing, the memory", () => {
  it("never takes a repeat for a first message, nor a first one for a repeat", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const world = new World()
        for (const step of all) world.play(step)
        for (const { origin: from, state } of world.sent) {
          if (state !== "dead") expect(world.memory.has(from)).toBe(state === "handled")
        }
      }),
      { numRuns: 200 },
    )
  })
})
