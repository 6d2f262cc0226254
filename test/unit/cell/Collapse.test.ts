/** A cell that meets a defect of the runtime, or a state that cannot be: its callers are told, and it starts over. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { beginAppendOf } from "../../../runtime/journal/BeginAppend.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { cellOf } from "./CellFixture.ts"

const silent = {
  appending: () => undefined,
  over: () => undefined,
  unresolved: () => undefined,
  abandoned: () => undefined,
  found: () => undefined,
  activated: () => undefined,
}

describe("a cell", () => {
  it("starts over from the journal after a defect, and finds what was stored", async () => {
    let isBroken = true
    const committed = () => {
      if (isBroken) throw new TypeError("the outbox is broken")
    }
    const { journal, add, read } = await cellOf({ outbox: { ...silent, committed } as never })
    const failed = await add("c-1", 5).then(undefined, (cause: unknown) => String(cause))
    expect(failed).toContain("internal error")
    isBroken = false
    const { last } = journal.counts
    expect(await read()).toMatchObject({ version: 1, state: { context: { total: 5 } } })
    expect(journal.counts.last).toBeGreaterThan(last)
    expect(await add("c-1", 5)).toMatchObject({ version: 1, duplicate: true })
    expect(await add("c-2", 1)).toMatchObject({ version: 2 })
  })

  it("does not believe a journal that stores a commit behind the one before", async () => {
    const journal = new JournalScripted()
    const begin = beginAppendOf(journal.service.append, Effect.runFork)
    let told: number | undefined
    const { add, read } = await cellOf({
      journal: journal.service,
      beginAppend: (address, expected, data, answer) =>
        begin(address, expected, data, { ...answer, stored: (sequence) => answer.stored(told ?? sequence) }),
    })
    await add("c-1", 1)
    told = 1
    const failed = await add("c-2", 1).then(undefined, (cause: unknown) => String(cause))
    expect(failed).toContain("a commit is stored behind the one before")
    told = undefined
    expect(await read()).toMatchObject({ version: 2, state: { context: { total: 2 } } })
  })

  it("begins no append without a lease", async () => {
    const { journal, shard, add } = await cellOf()
    shard.epoch = -1
    const failed = await add("c-1", 1).then(undefined, (cause: unknown) => String(cause))
    expect(failed).toContain("a commit is appended under a lease")
    expect(journal.counts.append).toBe(0)
  })
})

it("FAULT 40: an actor whose decide threw is read from the journal before its next command", async () => {
  const { system, journal } = await startMemory()
  const counter = system.get(Counter, "a")
  await counter.ask({ type: "Add", by: 1 })
  await expect(counter.ask({ type: "Throw" })).rejects.toMatchObject({ _tag: "CommandFailed" })
  const { last } = journal.counts
  expect(await counter.ask({ type: "Add", by: 2 })).toMatchObject({ version: 2 })
  expect(journal.counts.last).toBe(last + 1)
})
