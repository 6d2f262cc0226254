/** History and states of the past, of short and very long lives. */
import { Effect, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { defineActor, type HistoryCursor } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const address = addressOf("counter", "a", SHARD_COUNT)

/** A counter whose event of version n was stored at n × 1000 ms. */
const timed = async () => {
  const journal = new JournalScripted()
  for (let version = 1; version <= 5; version++) {
    const entry = JSON.stringify({
      c: `c-${version}`,
      fp: "",
      ev: [{ t: "Added", v: 1, d: { by: version } }],
    })
    const data = encodeCommit({ first: version, at: version * 1_000, epoch: 1 }, [entry])
    await Effect.runPromise(journal.inner.append(address, version - 1, data))
  }
  return startMemory({ journal })
}

describe("the past", () => {
  it.each([
    [{ version: 0 }, 0, 0],
    [{ version: 3 }, 3, 6],
    [{ version: 3.9 }, 3, 6],
    [{ version: 99 }, 5, 15],
    [{ time: 999 }, 0, 0],
    [{ time: 3_000 }, 3, 6],
    [{ time: 3_999 }, 3, 6],
    [{ time: new Date(4_000) }, 4, 10],
    [{ time: new Date("2999-01-01") }, 5, 15],
  ])("is found at %o", async (moment, version, total) => {
    const { system } = await timed()
    const past = await system.get(Counter, "a").stateAt(moment)
    expect({ version: past.version, total: past.state.context.total }).toEqual({ version, total })
    expect(past.at).toBe(version === 0 ? undefined : version * 1_000)
  })

  it.each([
    { version: -1 },
    { version: Number.NaN },
    { time: new Date("nonsense") },
    { time: Number.NaN },
    {} as never,
  ])("is refused at %o", async (moment) => {
    const { system } = await timed()
    await expect(system.get(Counter, "a").stateAt(moment)).rejects.toMatchObject({ _tag: "InvalidMoment" })
  })

  it("begins with the birth, on the first page only", async () => {
    const { system } = await timed()
    const first = await system.get(Counter, "a").history({ limit: 2 })
    expect(first).toMatchObject({ birth: { sequence: 1, at: 1_000 }, events: { length: 2 } })
    expect(first.birth).not.toHaveProperty("input")
    const rest = await system.get(Counter, "a").history({ after: first.next as HistoryCursor })
    expect(rest.events).toHaveLength(3)
    expect(rest).not.toHaveProperty("birth")
    expect(await system.get(Counter, "a").history({ after: 2 })).not.toHaveProperty("birth")
  })

  it("of an actor that was spawned tells the input of its birth", async () => {
    const journal = new JournalScripted()
    const Tagged = defineActor({
      type: "tagged",
      machine: setup({
        types: { context: {} as { tag: string }, input: {} as { tag: string }, events: {} as { type: "Go" } },
      }).createMachine({
        context: ({ input }) => ({ tag: input.tag }),
        on: { Go: { actions: () => undefined } },
      }),
      input: Schema.Struct({ tag: Schema.String }),
    })
    const { system } = await startMemory({ actors: [Tagged], journal })
    await system.spawn(Tagged, "t", { input: { tag: "red" } })
    const birth = { sequence: 1, at: expect.any(Number), input: { tag: "red" } }
    expect(await system.get(Tagged, "t").history()).toEqual({ birth, events: [] })
    await system.get(Tagged, "t").ask({ type: "Go" })
    const born = await system.get(Tagged, "t").history()
    expect(born).toMatchObject({ birth, events: [{ version: 1, sequence: 2 }] })
    await system.get(Tagged, "u").ask({ type: "Go" }, { input: { tag: "blue" } })
    expect(await system.get(Tagged, "u").history()).toMatchObject({
      birth: { sequence: 3, input: { tag: "blue" } },
      events: [{ version: 1, sequence: 3 }],
    })
  })

  it("of an actor that never was is its first state", async () => {
    const { system } = await timed()
    expect(await system.get(Counter, "nobody").stateAt({ version: 3 })).toMatchObject({ version: 0 })
    expect(await system.get(Counter, "nobody").history()).toEqual({ events: [] })
  })

  it("of an actor whose machine throws at its birth is ActorQuarantined, like everything else of it", async () => {
    const Unborn = defineActor({
      type: "unborn",
      machine: setup({
        types: { context: {} as { n: number }, input: {} as { id: string }, events: {} as { type: "Go" } },
      }).createMachine({
        context: ({ input }) => {
          if (input.id === "bad") throw new Error("no birth")
          return { n: 0 }
        },
        on: { Go: { actions: () => undefined } },
      }),
    })
    const { system } = await startMemory({ actors: [Unborn] })
    const bad = system.get(Unborn, "bad")
    const quarantined = { _tag: "ActorQuarantined", reason: "MachineFailed" }
    await expect(bad.ask({ type: "Go" })).rejects.toMatchObject(quarantined)
    await expect(bad.state()).rejects.toMatchObject(quarantined)
    await expect(bad.stateAt({ version: 0 })).rejects.toMatchObject(quarantined)
    expect(await system.get(Unborn, "good").ask({ type: "Go" })).toMatchObject({ version: 1 })
  })

  it("is paged without gap or repeat, whatever the page and the commits", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "a")
    for (const count of [7, 1, 12, 5]) await counter.ask({ type: "Many", count })
    for (const limit of [1, 3, 7, 24, 25, 26, 100_000]) {
      const versions: Array<number> = []
      let after: number | HistoryCursor | undefined = 0
      while (after !== undefined) {
        const page: { events: ReadonlyArray<{ version: number }>; next?: HistoryCursor } =
          await counter.history({
            after,
            limit,
          })
        expect(page.events.length).toBeLessThanOrEqual(limit)
        versions.push(...page.events.map(({ version }) => version))
        after = page.next
      }
      expect(versions).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
    }
  })
})

describe("a long life", () => {
  const eventCount = 50_000

  it("FAULT 66: is replayed in pages, with bounded memory", async () => {
    const journal = new JournalScripted()
    for (let version = 1; version <= eventCount; version++) {
      const entry = `{"c":"c-${version}","fp":"","ev":[{"t":"Added","v":1,"d":{"by":1}}]}`
      const data = encodeCommit({ first: version, at: version, epoch: 1 }, [entry])
      Effect.runSync(journal.inner.append(address, version - 1, data))
    }
    const { system } = await startMemory({ journal })
    let largestPage = 0
    const { read } = journal.inner
    Object.assign(journal.inner, {
      read: (...range: Parameters<typeof read>) =>
        Effect.tap(read(...range), (page) =>
          Effect.sync(() => {
            largestPage = Math.max(largestPage, page.length)
          }),
        ),
    })
    const heapBefore = process.memoryUsage().heapUsed
    expect(await system.get(Counter, "a").ask({ type: "Add", by: 1 }, { deadlineMs: 60_000 })).toMatchObject({
      version: eventCount + 1,
      reply: { total: eventCount + 1 },
    })
    expect(largestPage).toBeLessThanOrEqual(1_000)
    expect(journal.counts.read).toBeGreaterThanOrEqual(eventCount / 1_000)
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(200 * 1024 * 1024)
    const last = await system.get(Counter, "a").history({ after: eventCount - 10 })
    expect(last.events.map(({ version }) => version)).toEqual(
      Array.from({ length: 11 }, (_, index) => eventCount - 9 + index),
    )
    expect((await system.get(Counter, "a").stateAt({ version: 10_000 })).state.context.total).toBe(10_000)
  })
})
