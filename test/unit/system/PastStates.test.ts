/** What is kept of long histories, and that keeping changes no answer. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { history, stateAt } from "../../../runtime/system/History.ts"
import { type KeptState, PastStates, STATES_MAX } from "../../../runtime/system/PastStates.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"

const address = addressOf("counter", "a", SHARD_COUNT)
const other = addressOf("counter", "b", SHARD_COUNT)

/** A journal with this number of events of the counter, each of which adds `by`; between them those of another actor. */
const journalOf = async (count: number, by: number, othersAfter = 0) => {
  const journal = new JournalScripted()
  const commit = (version: number, at: number) =>
    encodeCommit({ first: version, at, epoch: 1 }, [
      JSON.stringify({ c: `c-${version}`, fp: "", ev: [{ t: "Added", v: 1, d: { by } }] }),
    ])
  let sequence = 0
  let otherSequence = 0
  for (let version = 1; version <= count; version++) {
    sequence = await Effect.runPromise(journal.inner.append(address, sequence, commit(version, by * version)))
    for (let index = 0; version > count - othersAfter && index < 5; index++) {
      const data = commit(otherSequence === 0 ? 1 : 2, version)
      otherSequence = await Effect.runPromise(journal.inner.append(other, otherSequence, data))
    }
  }
  const { inner } = journal
  const read: Array<number> = []
  const counted = {
    ...inner,
    read: (...given: Parameters<typeof inner.read>) =>
      Effect.tap(inner.read(...given), (page) => Effect.sync(() => read.push(page.length))),
  }
  return { journal: counted, read }
}

const keptAt = (version: number): KeptState => ({
  past: { version, at: version, state: {} as never },
  sequence: version,
  stamp: { era: 1, atMs: version },
  latestAtMs: version,
})

describe("states of the past", () => {
  it("are spread over the versions that were looked at, the newest among them", () => {
    const states = new PastStates()
    for (let version = 1; version <= 100; version++) states.keep("a", keptAt(version * 1_000))
    const versions = Array.from(
      { length: 100 },
      (_, index) => states.before("a", { version: (index + 1) * 1_000 })?.past.version ?? 0,
    )
    expect(new Set(versions).size).toBeLessThanOrEqual(STATES_MAX + 1)
    expect(versions.at(-1)).toBe(100_000)
    const gaps = versions.map((version, index) => (index + 1) * 1_000 - version)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(8_000)
    expect(states.before("b", { version: 5_000 })).toBeUndefined()
  })

  it("are found by time only where no earlier commit is younger", () => {
    const states = new PastStates()
    states.keep("a", { ...keptAt(1_000), latestAtMs: 9_000 })
    expect(states.before("a", { time: 8_999 })).toBeUndefined()
    expect(states.before("a", { time: 9_000 })?.past.version).toBe(1_000)
  })

  it("of few actors are kept: the actor that was not looked at for the longest time gives way", () => {
    const states = new PastStates()
    for (const key of ["a", "b", "c", "d"]) states.keep(key, keptAt(1_000))
    states.keep("a", keptAt(2_000))
    states.keep("e", keptAt(1_000))
    const isKept = (key: string) => states.before(key, { version: 9_000 }) !== undefined
    expect(["a", "b", "c", "d", "e"].filter(isKept)).toEqual(["a", "c", "d", "e"])
  })

  it("spare the fold of what was folded before, and give the same state", async () => {
    const { journal, read } = await journalOf(5_500, 1)
    const past = new PastStates()
    const at = async (moment: { readonly version: number } | { readonly time: number }) => {
      read.length = 0
      const { version, state } = await Effect.runPromise(stateAt({ journal, past }, Counter, address, moment))
      return {
        version,
        total: (state.context as { total: number }).total,
        records: read.reduce((a, b) => a + b, 0),
      }
    }
    expect(await at({ version: 5_400 })).toMatchObject({ version: 5_400, total: 5_400 })
    const before = await at({ version: 5_399 })
    expect(before).toMatchObject({ version: 5_399, total: 5_399 })
    expect(before.records).toBeLessThanOrEqual(1_001)
    const timed = await at({ time: 3_050 })
    expect(timed).toMatchObject({ version: 3_050, total: 3_050 })
    expect(timed.records).toBeLessThanOrEqual(1_001)
    expect(await at({ version: 10 })).toMatchObject({ version: 10, total: 10 })
  })

  it("are forgotten when the journal has another commit in their place", async () => {
    const past = new PastStates()
    const first = await journalOf(2_500, 1)
    await Effect.runPromise(stateAt({ journal: first.journal, past }, Counter, address, { version: 2_400 }))
    const second = await journalOf(2_500, 2)
    const found = await Effect.runPromise(
      stateAt({ journal: second.journal, past }, Counter, address, { version: 2_400 }),
    )
    expect((found.state.context as { total: number }).total).toBe(4_800)
  })
})

describe("a page of a long history", () => {
  it.each([
    ["evenly spread", 0],
    ["with most of the journal after its last events", 1_000],
  ])("is found by its version in a few reads: commits %s", async (_, othersAfter) => {
    const { journal, read } = await journalOf(20_000, 1, othersAfter)
    for (const after of [1_001, 9_990, 18_500, 19_400, 19_990]) {
      read.length = 0
      const { events } = await Effect.runPromise(history(journal, Counter, address, { after, limit: 20 }))
      const count = Math.min(20, 20_000 - after)
      expect(events.map(({ version }) => version)).toEqual(
        Array.from({ length: count }, (_none, at) => after + 1 + at),
      )
      expect(read.length).toBeLessThanOrEqual(7)
    }
  })
})
