/** What a command would do, and what an actor waits for, read from the journal. */
import { Effect } from "effect"
import { describe, expect, it, vi } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import type { AnyActor } from "../../../runtime/definition/Actor.ts"
import type { DryRunOptions } from "../../../runtime/operations.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { Clerk, Desk, deskCall } from "../../fixtures/memory/Desk.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const AFTER: unknown = expect.stringContaining("after")

const actors = [Desk, Clerk, Counter]

const started = async () => {
  const memory = await startMemory({ actors })
  const { system } = memory
  const desk = system.get(Desk, "d")
  return { ...memory, desk }
}

describe("a dry run", () => {
  it("tells what would be stored, sent and answered, and stores nothing", async () => {
    const { desk, journal } = await started()
    const run = await desk.dryRun({ type: "Open", sheet: "s" })
    expect(run).toMatchObject({
      outcome: "stored",
      fromVersion: 0,
      version: 1,
      isBirth: true,
      events: [{ type: "Opened", sheet: "s" }],
      sends: [
        { kind: "publish", type: "desk.opened" },
        { kind: "setTimer", event: { type: AFTER } },
      ],
    })
    if (run.outcome !== "stored") throw new Error("not stored")
    expect(run.state.value).toEqual({ open: "waiting" })
    expect(journal.counts.append).toBe(0)
    expect(await desk.state()).toMatchObject({ isBorn: false, version: 0 })
  })

  it("says the same as the command that follows it", async () => {
    const { desk } = await started()
    await desk.ask({ type: "Open", sheet: "file:a" })
    const run = await desk.dryRun({ type: "Close" })
    const { version } = await desk.ask({ type: "Close" })
    expect(run).toMatchObject({ outcome: "stored", version })
    if (run.outcome !== "stored") throw new Error("not stored")
    expect(run.state.value).toEqual((await desk.state()).state.value)
  })

  it("is decided on the state of the moment", async () => {
    const { system } = await started()
    const counter = system.get(Counter, "c")
    for (const by of [1, 2, 3]) await counter.ask({ type: "Add", by })
    const run = await counter.dryRun({ type: "Add", by: 10 }, { at: { version: 1 } })
    expect(run).toMatchObject({ outcome: "stored", fromVersion: 1, version: 2 })
    if (run.outcome !== "stored") throw new Error("not stored")
    expect(run.state.context.total).toBe(11)
    expect((await counter.state()).state.context.total).toBe(6)
  })

  it("of a command that is refused gives the error of ask", async () => {
    const { system, desk } = await started()
    const clerk = system.get(Clerk, "k")
    expect(await clerk.dryRun({ type: "Stamp", sheet: "blank" })).toMatchObject({
      outcome: "refused",
      error: { _tag: "CommandRejected", reason: "Blank", detail: { sheet: "blank" } },
    })
    expect(await clerk.dryRun({ type: "Stamp", sheet: "broken" })).toMatchObject({
      outcome: "refused",
      error: { _tag: "CommandFailed" },
    })
    expect(await clerk.dryRun({ type: "Stamp" } as never)).toMatchObject({
      outcome: "refused",
      error: { _tag: "InvalidCommand" },
    })
    expect(await desk.dryRun({ type: "Open", sheet: "s" }, { ifVersion: 7 })).toMatchObject({
      outcome: "refused",
      error: { _tag: "VersionConflict", expected: 7, found: 0 },
    })
  })

  it("of a repeated command tells that it is a repeat", async () => {
    const { desk } = await started()
    await desk.ask({ type: "Open", sheet: "s" }, { commandId: "c-1" })
    const run = await desk.dryRun({ type: "Open", sheet: "s" }, { commandId: "c-1" })
    expect(run).toMatchObject({ outcome: "unchanged", version: 1, isRepeat: true })
  })

  it.each([{ at: { version: -1 } }, { at: {} }] as ReadonlyArray<DryRunOptions<AnyActor>>)(
    "is refused at %o",
    async (options) => {
      const { desk } = await started()
      await expect(desk.dryRun({ type: "Close" }, options)).rejects.toMatchObject({ _tag: "InvalidMoment" })
    },
  )
})

describe("what an actor waits for", () => {
  it("is nothing before it is asked anything", async () => {
    const { desk } = await started()
    expect(await desk.pending()).toEqual({ version: 0, sequence: 0, timers: [], calls: [], requests: [] })
  })

  it("are its timers, calls and requests", async () => {
    const { system, desk } = await started()
    const { sequence } = await desk.ask({ type: "Open", sheet: "s" })
    expect(await desk.pending()).toMatchObject({
      version: 1,
      sequence,
      timers: [{ at: expect.any(Number), event: { type: AFTER } }],
      calls: [],
      requests: [],
    })
    const { run } = deskCall
    deskCall.run = () => new Promise(() => undefined)
    await system.get(Desk, "e").ask({ type: "Open", sheet: "file:a" })
    expect((await system.get(Desk, "e").pending()).calls).toEqual([
      { name: "file", source: "file", input: "file:a" },
    ])
    deskCall.run = run
  })

  it("is an answer, until the answer has come", async () => {
    const { system, desk } = await started()
    const { sequence } = await desk.ask({ type: "AskToShelve", clerk: "k" })
    const to = { type: "clerk", id: "k" }
    const request = { name: "shelve", to, command: { type: "Shelve", sheet: "s" }, sequence }
    expect(await desk.pending()).toMatchObject({ requests: [request] })
    const clerk = system.get(Clerk, "k")
    await vi.waitUntil(async () => (await clerk.state()).version > 0)
    await clerk.ask({ type: "Fetch" })
    await vi.waitUntil(async () => (await desk.state()).state.context.answers.length > 0)
    expect(await desk.pending()).toMatchObject({ requests: [] })
  })

  it("is told with the reason of the quarantine", async () => {
    const journal = new JournalScripted()
    const address = addressOf("counter", "q", SHARD_COUNT)
    const commits = [
      { first: 1, events: [{ t: "Added", v: 1, d: { by: 1 } }] },
      { first: 2, events: [{ t: "Unheard", v: 1, d: {} }] },
    ]
    for (const { first, events } of commits) {
      const entry = JSON.stringify({ c: `c-${first}`, fp: "", ev: events })
      const data = encodeCommit({ first, at: 1_000, epoch: 1 }, [entry])
      await Effect.runPromise(journal.inner.append(address, first - 1, data))
    }
    const { system } = await startMemory({ actors, journal })
    const pending = await system.get(Counter, "q").pending()
    expect(pending).toMatchObject({ version: 1, quarantine: { reason: "EventUnreadable", sequence: 2 } })
    await expect(system.get(Counter, "q").dryRun({ type: "Add", by: 1 })).rejects.toMatchObject({
      _tag: "ActorQuarantined",
    })
    expect(
      await system.get(Counter, "q").dryRun({ type: "Add", by: 1 }, { at: { version: 1 } }),
    ).toMatchObject({
      outcome: "stored",
      version: 2,
    })
  })

  it("is as of a version inside of a commit", async () => {
    const journal = new JournalScripted()
    const address = addressOf("counter", "m", SHARD_COUNT)
    const added = (by: number) => ({ t: "Added", v: 1, d: { by } })
    const entries = [
      { c: "a", fp: "", ev: [added(1), added(2)] },
      { c: "b", fp: "", ev: [added(3)] },
    ]
    const data = encodeCommit(
      { first: 1, at: 1_000, epoch: 1 },
      entries.map((entry) => JSON.stringify(entry)),
    )
    await Effect.runPromise(journal.inner.append(address, 0, data))
    const judged: Array<number> = []
    const Audited = {
      ...Counter,
      audit: {
        version: 1,
        asked: () => ["x"],
        found: (_state: unknown, asked: ReadonlyArray<string>) => void judged.push(asked.length),
        halted: () => undefined,
      },
    }
    const { system } = await startMemory({ actors: [Audited], journal })
    const totals = []
    for (const version of [0, 1, 2, 3, 4]) {
      const run = await system.get(Audited, "m").dryRun({ type: "Add", by: 0 }, { at: { version } })
      if (run.outcome !== "stored") throw new Error("not stored")
      totals.push([run.fromVersion, run.state.context.total])
    }
    expect(totals).toEqual([
      [0, 0],
      [1, 1],
      [2, 3],
      [3, 6],
      [3, 6],
    ])
    // The audit judges whole entries only: those of the states at version 2, 3 and 4.
    expect(judged).toEqual([2, 2, 1, 2, 1])
  })
})
