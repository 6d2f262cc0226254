/** What a cell does when an append, or a look into the journal, does not come out clean. */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { QUEUE_ITEMS_MAX } from "../../../runtime/cell/Waiting.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import type { AppendOutcome } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, historyOf, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"

const add = (by: number) => ({ type: "Add", by }) as const

describe("an append of unknown outcome", () => {
  it("FAULT 1: stored with its acknowledgement lost, gets the original answer and is stored once", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    journal.script.append.push("lostAck")
    const answer = await counter.ask(add(2), { commandId: "c-2" })
    expect(answer).toEqual({ version: 2, sequence: 2, reply: { total: 3 }, duplicate: false })
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(2)
    expect((await system.status()).unknownOutcomeCount).toBe(1)
  })

  it("FAULT 2: landing after it was sent again, is stored once and the actor goes on", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    journal.script.append.push("landsLater", "ok")
    expect(await counter.ask(add(2), { commandId: "c-2" })).toMatchObject({ version: 2, reply: { total: 3 } })
    await Effect.runPromise(journal.land)
    expect(await counter.ask(add(3))).toMatchObject({ version: 3, reply: { total: 6 } })
    const ids = (await historyOf(journal.inner, Counter, "a")).map(({ commandId }) => commandId)
    expect(ids.filter((id) => id === "c-2")).toHaveLength(1)
  })

  it("FAULT 2: landing before it is sent again, is found by its commandId", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    // Kept back through one more unknown append, then stored right before the third.
    journal.script.append.push("landsLater", "notStored", "ok")
    expect(await counter.ask(add(2), { commandId: "c-1" })).toEqual({
      version: 1,
      sequence: 1,
      reply: { total: 2 },
      duplicate: false,
    })
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(1)
  })

  it("FAULT 2: landing after its caller gave up, is the same command when asked again", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    journal.script.append.push("hang")
    await expect(counter.ask(add(5), { commandId: "c-1", deadlineMs: 1 })).rejects.toMatchObject({
      _tag: "AskTimeout",
      commandId: "c-1",
    })
    // Another process: this one still waits for the first append.
    const other = await startMemory({ journal })
    expect(await other.system.get(Counter, "a").ask(add(5), { commandId: "c-1" })).toMatchObject({
      version: 1,
      duplicate: true,
    })
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(1)
  })

  it("FAULT 1: with ifVersion, is not taken for a conflict with itself", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    journal.script.append.push("lostAck")
    expect(await counter.ask(add(2), { ifVersion: 1 })).toMatchObject({ version: 2, duplicate: false })
  })

  it("keeps the order in which commands were asked", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    journal.script.append.push("landsLater", "inFlight", "lostAck", "notStored", "ok", "lostAck")
    journal.script.last.push("ok", "unavailable", "ok", "stale")
    const commandIds = Array.from({ length: 30 }, (_, index) => `c-${index}`)
    const asked: Array<Promise<unknown>> = []
    for (const [index, commandId] of commandIds.entries()) {
      asked.push(counter.ask(add(1), { commandId }))
      if (index % 7 === 0) await Promise.resolve()
    }
    await Promise.all(asked)
    const stored = await historyOf(journal.inner, Counter, "a")
    expect(stored.map(({ commandId }) => commandId)).toEqual(commandIds)
  })

  const passing: ReadonlyArray<ReadonlyArray<AppendOutcome>> = [
    ["unavailable", "unavailable", "notStored"],
    ["inFlight", "inFlight", "lostAck"],
    ["notStored", "landsLater", "inFlight", "lostAck"],
  ]
  it.each(passing)("FAULT 16, 20 and 21: %s, %s, %s is got over inside the deadline", async (...outcomes) => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    journal.script.append.push(...outcomes.filter((outcome) => outcome !== undefined))
    journal.script.last.push("unavailable", "ok", "stale")
    expect(await counter.ask(add(2))).toMatchObject({ version: 2, reply: { total: 3 } })
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(2)
  })

  it("FAULT 16: a journal that does not come back in time is AskTimeout, and the command applies once when it does", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    const outage = 1_000
    journal.script.append.push(...Array.from({ length: outage }, () => "unavailable" as const))
    const asked = counter.ask(add(2), { commandId: "c-2", deadlineMs: 100 })
    await expect(asked).rejects.toMatchObject({
      _tag: "AskTimeout",
      kind: "transient",
      detail: "the journal does not confirm appends: scripted unavailable",
    })
    journal.script.append.length = 0
    expect(await counter.ask(add(2), { commandId: "c-2" })).toMatchObject({ version: 2 })
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(2)
  })

  it("a full queue is no matter of many commands then: callers are told that the journal confirms nothing", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    journal.script.append.push(...Array.from({ length: 10_000 }, () => "unavailable" as const))
    const first = counter.ask(add(1), { deadlineMs: 50 })
    await expect(first).rejects.toMatchObject({ _tag: "AskTimeout", detail: expect.any(String) })
    const waiting = Array.from({ length: QUEUE_ITEMS_MAX + 1 }, () => counter.ask(add(1)))
    const settled = Promise.allSettled(waiting)
    await expect(waiting.at(-1)).rejects.toMatchObject({
      _tag: "Unavailable",
      stored: "No",
      detail: "the journal does not confirm appends: scripted unavailable",
    })
    journal.script.append.length = 0
    const [answered] = await settled
    expect(answered?.status).toBe("fulfilled")
    // It is over: the next one that is late is not blamed on the journal.
    const release = journal.hold()
    await expect(counter.ask(add(1), { deadlineMs: 20 })).rejects.toMatchObject({
      _tag: "AskTimeout",
      message: expect.not.stringContaining("the journal"),
    })
    release()
  })

  it("FAULT 16: an actor that nobody waits for any more leaves the journal alone", () =>
    virtually({}, ({ system, journal }) =>
      Effect.gen(function* () {
        journal.script.last.push(...Array.from({ length: 1_000 }, () => "unavailable" as const))
        const asked = system.get(Counter, "a").ask(add(1), { deadlineMs: 50 })
        const fiber = yield* Effect.forkChild(Effect.flip(asked))
        yield* TestClock.adjust("1 minute")
        expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "AskTimeout" })
        expect((yield* system.status).inFlightCount).toBe(0)
        const { last } = journal.counts
        yield* TestClock.adjust("1 hour")
        expect(journal.counts.last).toBe(last)
      }),
    ))

  it("FAULT 17: a read of a journal that is away is AskTimeout, never a stale answer", async () => {
    const { system, journal } = await startMemory()
    journal.script.last.push(...Array.from({ length: 1_000 }, () => "unavailable" as const))
    await expect(system.get(Counter, "a").state({ deadlineMs: 50 })).rejects.toMatchObject({
      _tag: "AskTimeout",
    })
  })

  it("FAULT 18: a stale replica is asked again until it has what the leader has", async () => {
    const { system, journal } = await startMemory()
    await system.get(Counter, "a").ask(add(7))
    const later = await startMemory({ journal })
    journal.script.read.push("stale", "stale", "stale")
    expect(await later.system.get(Counter, "a").state()).toMatchObject({
      version: 1,
      state: { context: { total: 7 } },
    })
  })
})

describe("a refusal while an append may still land", () => {
  /** A commit does not arrive in time and its caller gives up; a command that builds on it stands alone. */
  const overtaken = async () => {
    const memory = await startMemory()
    const { system, journal } = memory
    const counter = system.get(Counter, "a")
    journal.script.append.push("landsLater")
    journal.script.last.push("ok", ...Array.from({ length: 6 }, () => "unavailable" as const))
    const first = counter.ask(add(1), { commandId: "first", deadlineMs: 20 })
    const second = counter.ask(add(2), { commandId: "second", ifVersion: 1 })
    await expect(first).rejects.toMatchObject({ _tag: "AskTimeout" })
    return { ...memory, counter, second }
  }

  it("FAULT 2: takes the append's place first, so that what was refused stays refused", async () => {
    const { journal, counter, second } = await overtaken()
    await expect(second).rejects.toMatchObject({ _tag: "VersionConflict", found: 0 })
    expect(journal.counts.append).toBe(2)
    await Effect.runPromise(journal.land)
    expect((await counter.history()).events).toEqual([])
    expect(await counter.ask(add(5))).toMatchObject({ version: 1 })
    expect(journal.counts.append).toBe(3)
  })

  it("is no refusal if its place cannot be taken", async () => {
    const { journal, counter, second } = await overtaken()
    journal.script.append.push("full")
    await expect(second).rejects.toMatchObject({ _tag: "Unavailable", stored: "Unknown" })
    await Effect.runPromise(journal.land)
    expect((await counter.history()).events).toMatchObject([{ commandId: "first" }])
  })

  it("costs nothing once the append cannot land any more", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    journal.script.append.push("notStored")
    await counter.ask(add(1))
    const appends = journal.counts.append
    await expect(counter.ask(add(2), { ifVersion: 7 })).rejects.toMatchObject({ _tag: "VersionConflict" })
    expect(journal.counts.append).toBe(appends)
  })
})

describe("a refused append", () => {
  it.each(["full", "notPermitted"] as const)(
    "FAULT 24: %s fails cleanly as Unavailable with nothing stored, while reads go on",
    async (outcome) => {
      const { system, journal } = await startMemory()
      const counter = system.get(Counter, "a")
      await counter.ask(add(1))
      journal.script.append.push(outcome)
      await expect(counter.ask(add(2))).rejects.toMatchObject({ _tag: "Unavailable", stored: "No" })
      expect(await counter.state()).toMatchObject({ version: 1, state: { context: { total: 1 } } })
      expect((await counter.history()).events).toHaveLength(1)
      expect(await counter.ask(add(3))).toMatchObject({ version: 2, reply: { total: 4 } })
    },
  )

  it("FAULT 24: fails only the commands that it carried", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1), { commandId: "known" })
    const release = journal.hold()
    const first = counter.ask(add(1))
    await eventually(() => journal.heldCount === 1)
    journal.script.append.push("full")
    const carried = [counter.ask(add(10)), counter.ask(add(20))]
    const rejected = counter.ask({ type: "Refuse" })
    const known = counter.ask(add(1), { commandId: "known" })
    const read = counter.state()
    release()
    await first
    for (const asked of carried)
      await expect(asked).rejects.toMatchObject({ _tag: "Unavailable", stored: "No" })
    await expect(rejected).rejects.toMatchObject({ _tag: "CommandRejected", reason: "NotToday" })
    expect(await known).toMatchObject({ version: 1, duplicate: true })
    expect((await read).state.context.total).toBe(2)
  })

  it("FAULT 2 and FAULT 24: after an attempt that may still land, does not claim that nothing is stored", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    journal.script.append.push("landsLater", "full")
    await expect(counter.ask(add(1))).rejects.toMatchObject({ _tag: "Unavailable", stored: "Unknown" })
  })

  it("FAULT 36: too large for the journal is PayloadTooLarge and leaves the state alone", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    journal.script.append.push("tooLarge")
    await expect(counter.ask(add(2))).rejects.toMatchObject({ _tag: "PayloadTooLarge" })
    expect(await counter.state()).toMatchObject({ version: 1 })
  })
})
