/** Following an actor on the node that has it: every change once, in order, whatever happens to the actor meanwhile. */
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { type Change, InvalidMoment, SystemStopped } from "../../../runtime/index.ts"
import { WATCH_BEHIND_MAX } from "../../../runtime/watch/ChangeFeed.ts"
import { CHANGES_KEPT_TOTAL_MAX } from "../../../runtime/watch/ChangeFeeds.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"

const add = (by: number) => ({ type: "Add", by }) as const

const read = async <Item>(items: AsyncIterator<Item>, count: number): Promise<ReadonlyArray<Item>> => {
  const found: Array<Item> = []
  while (found.length < count) {
    const { done, value } = await items.next()
    if (done === true) throw new Error(`it ended after ${found.length} items`)
    found.push(value)
  }
  return found
}

const told = ({ version, state, events, skipped }: Change) => ({
  version,
  total: state.context["total"],
  events: events.map(({ event }) => event.type),
  skipped,
})

describe("a watch", () => {
  it("begins with the current state, and goes on with every change in order", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    await counter.ask(add(2))
    const watch = counter.watch()
    expect((await read(watch, 1)).map(told)).toEqual([{ version: 1, total: 2, events: [], skipped: 0 }])
    await counter.ask(add(3))
    await counter.ask({ type: "Many", count: 2 })
    const [one, two] = await read(watch, 2)
    expect(one && told(one)).toEqual({ version: 2, total: 5, events: ["Added"], skipped: 0 })
    expect(two && told(two)).toEqual({ version: 4, total: 7, events: ["Added", "Added"], skipped: 0 })
    expect(two?.events.map(({ version }) => version)).toEqual([3, 4])
    expect(one?.events[0]?.commandId).not.toBe("")
  })

  it("shows an unborn actor, and its birth without an event", async () => {
    const { system } = await startMemory()
    const watch = system.get(Counter, "c").watch()
    expect((await read(watch, 1))[0]).toMatchObject({ version: 0, isBorn: false })
    await system.spawn(Counter, "c")
    expect((await read(watch, 1))[0]).toMatchObject({ version: 0, isBorn: true, events: [] })
    await system.get(Counter, "c").ask(add(1))
    expect((await read(watch, 1))[0]).toMatchObject({ version: 1, isBorn: true })
  })

  it("is not told of commands that change nothing", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    await counter.ask(add(1), { commandId: "once" })
    const watch = counter.watch()
    await read(watch, 1)
    await counter.ask({ type: "Nothing" })
    await counter.ask(add(1), { commandId: "once" })
    await counter.ask({ type: "Refuse" }).catch(() => undefined)
    await counter.ask(add(1))
    expect((await read(watch, 1)).map(told)).toEqual([
      { version: 2, total: 2, events: ["Added"], skipped: 0 },
    ])
  })

  it("goes on after a version that its reader has, from memory and from the journal", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    for (let by = 1; by <= 5; by++) await counter.ask(add(by))
    const fromJournal = await read(counter.watch({ after: 2 }), 3)
    expect(fromJournal.map(told).map(({ version, total }) => [version, total])).toEqual([
      [3, 6],
      [4, 10],
      [5, 15],
    ])
    const watch = counter.watch({ after: 5 })
    const next = read(watch, 1)
    await counter.ask(add(6))
    expect((await next).map(told)).toEqual([{ version: 6, total: 21, events: ["Added"], skipped: 0 }])
    expect((await read(counter.watch({ after: 4 }), 2)).map(({ version }) => version)).toEqual([5, 6])
  })

  it("tells a reader that is too far behind how much it skips", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    await counter.ask(add(1))
    const watch = counter.watch()
    await read(watch, 1)
    const count = WATCH_BEHIND_MAX * 2
    for (let index = 0; index < count; index++) await counter.ask(add(1))
    const [item] = await read(watch, 1)
    expect(item && told(item)).toEqual({ version: count + 1, total: count + 1, events: [], skipped: count })
    await counter.ask(add(1))
    expect((await read(watch, 1)).map(told)).toEqual([
      { version: count + 2, total: count + 2, events: ["Added"], skipped: 0 },
    ])
  })

  it("keeps as many changes in memory for a hundred slow readers as for one", async () => {
    const { system } = await startMemory()
    const [one, hundred] = [system.get(Counter, "one"), system.get(Counter, "hundred")]
    const watches = [one, ...Array.from({ length: 100 }, () => hundred)].map((counter) => counter.watch())
    for (const watch of watches) await read(watch, 1)
    const kept = async () => (await system.status()).watches.keptCount
    for (let index = 0; index < WATCH_BEHIND_MAX * 2; index++) {
      await one.ask(add(1))
      await hundred.ask(add(1))
      expect(await kept()).toBe(2 * Math.min(index + 1, WATCH_BEHIND_MAX))
    }
    // What a reader that comes back gets does not stay for the others either.
    for (const watch of watches) await read(watch, 1)
    expect(await kept()).toBe(2 * WATCH_BEHIND_MAX)
  })

  it("shares the memory for changes among all actors that are followed", async () => {
    const { system } = await startMemory()
    const counters = Array.from({ length: Math.floor(CHANGES_KEPT_TOTAL_MAX / 64) }, (_, index) =>
      system.get(Counter, `c${index}`),
    )
    for (const counter of counters) await read(counter.watch(), 1)
    const [one] = counters
    for (let index = 0; index < 100; index++) await one?.ask(add(1))
    expect((await system.status()).watches).toMatchObject({ feedCount: counters.length, keptCount: 64 })
  })

  it("goes on when the actor leaves memory, and does not bring it back", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    await counter.ask(add(1))
    const watch = counter.watch()
    await read(watch, 1)
    const next = read(watch, 1)
    expect(await system.cluster.passivate(Counter, "c")).toBe(true)
    expect((await system.status()).residentCount).toBe(0)
    await counter.ask(add(1))
    expect((await next)[0]).toMatchObject({ version: 2 })
  })

  it("asks the journal, not the actor, for what a reader that comes back has missed", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    for (let by = 1; by <= 3; by++) await counter.ask(add(by))
    await system.cluster.passivate(Counter, "c")
    expect((await read(counter.watch({ after: 1 }), 2)).map(({ version }) => version)).toEqual([2, 3])
    expect((await system.status()).residentCount).toBe(0)
  })

  it("does not skip because another reader, which was further, had the journal read", async () => {
    const { system, journal, crash } = await startMemory()
    for (let by = 1; by <= 6; by++) await system.get(Counter, "c").ask(add(by))
    await crash()
    const { system: next } = await startMemory({ journal })
    const held = Promise.withResolvers<void>()
    const isHeld = new Promise<void>((resolve) => {
      journal.onStep = (step) => {
        if (step !== "before read") return Effect.void
        journal.onStep = () => Effect.void
        resolve()
        return Effect.promise(() => held.promise)
      }
    })
    const further = read(next.get(Counter, "c").watch({ after: 4 }), 2)
    await isHeld
    const behind = read(next.get(Counter, "c").watch({ after: 1 }), 5)
    held.resolve()
    expect((await further).map(({ version }) => version)).toEqual([5, 6])
    expect((await behind).map(({ version, skipped }) => [version, skipped])).toEqual(
      [2, 3, 4, 5, 6].map((version) => [version, 0]),
    )
  })

  it("learns of a commit whose acknowledgement was lost", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "c")
    await counter.ask(add(1))
    const watch = counter.watch()
    await read(watch, 1)
    const next = read(watch, 1)
    journal.script.append.push("lostAck")
    await counter.ask(add(2))
    expect((await next).map(told)).toEqual([{ version: 2, total: 3, events: ["Added"], skipped: 0 }])
  })

  it("ends by return(), by leaving the loop, and by its signal, and leaves nobody waiting", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    const returned = counter.watch()
    await read(returned, 1)
    const pending = returned.next()
    await returned.return?.()
    expect(await pending).toEqual({ done: true, value: undefined })
    for await (const { version } of counter.watch()) if (version === 0) break
    const abort = new AbortController()
    const aborted = counter.watch({ signal: abort.signal })
    await read(aborted, 1)
    const last = aborted.next()
    abort.abort()
    expect(await last).toEqual({ done: true, value: undefined })
    expect((await system.status()).watches.waitingCount).toBe(0)
  })

  it("answers several reads of one iterator in order", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    const watch = counter.watch()
    const [first, ...others] = [watch.next(), watch.next(), watch.next()]
    expect((await first)?.value?.version).toBe(0)
    await counter.ask(add(1))
    await counter.ask(add(1))
    expect((await Promise.all(others)).map(({ value }) => value?.version)).toEqual([1, 2])
  })

  it("fails when its system stops, and for options that are no versions", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    await expect(counter.watch({ after: -1 }).next()).rejects.toThrow(InvalidMoment)
    await expect(counter.events({ from: 0.5 }).next()).rejects.toThrow(InvalidMoment)
    const watch = counter.watch()
    await read(watch, 1)
    const next = watch.next()
    void system.stop()
    await expect(next).rejects.toThrow(SystemStopped)
  })

  it("has many watchers, who all get everything", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    const watchers = Array.from({ length: 500 }, () => counter.watch())
    await Promise.all(watchers.map((watch) => read(watch, 1)))
    const all = Promise.all(watchers.map((watch) => read(watch, 20)))
    for (let index = 0; index < 20; index++) await counter.ask(add(1))
    for (const items of await all) {
      expect(items.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    }
  })
})

describe("the events of an actor", () => {
  it("come from a version on, each once, history and live", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    for (let index = 0; index < 150; index++) await counter.ask(add(index))
    const events = counter.events({ from: 3 })
    const first = await read(events, 148)
    const next = read(events, 2)
    await counter.ask({ type: "Many", count: 2 })
    const all = [...first, ...(await next)]
    expect(all.map(({ version }) => version)).toEqual(Array.from({ length: 150 }, (_, index) => index + 3))
    expect(all[0]?.event).toEqual({ type: "Added", by: 2 })
    expect((await read(counter.events(), 1))[0]?.version).toBe(1)
  })

  it("that a slow reader has not read are kept by the journal alone", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "c")
    const events = counter.events()
    await counter.ask(add(1))
    await read(events, 1)
    const count = WATCH_BEHIND_MAX * 2
    for (let index = 0; index < count; index++) await counter.ask(add(1))
    expect((await read(events, count)).map(({ version }) => version)).toEqual(
      Array.from({ length: count }, (_, index) => index + 2),
    )
  })
})

it("is a Stream on the Effect face", () =>
  virtually({}, ({ system }) =>
    Effect.gen(function* () {
      const counter = system.get(Counter, "c")
      yield* counter.ask(add(1))
      const items = yield* counter.watch({ after: 0 }).pipe(Stream.take(1), Stream.runCollect)
      expect(items.map(told)).toEqual([{ version: 1, total: 1, events: ["Added"], skipped: 0 }])
      const events = yield* counter.events().pipe(Stream.take(1), Stream.runCollect)
      expect(events.map(({ version }) => version)).toEqual([1])
    }),
  ))

it("forgets what it keeps for an actor that nobody follows any more", () =>
  virtually({}, ({ system }) =>
    Effect.gen(function* () {
      yield* system.get(Counter, "c").watch().pipe(Stream.take(1), Stream.runDrain)
      expect((yield* system.status).watches).toMatchObject({ waitingCount: 0, feedCount: 1 })
      yield* TestClock.adjust("1 minute")
      expect((yield* system.status).watches).toMatchObject({ waitingCount: 0, feedCount: 0 })
    }),
  ))
