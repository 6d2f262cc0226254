/** Group commit: what waits while an append is in flight becomes one commit. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { type Commit, decodeCommit } from "../../../runtime/commit/Commit.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted, journalInMemory } from "../../fixtures/memory/JournalScripted.ts"
import {
  eventually,
  historyOf,
  type MemorySystem,
  SHARD_COUNT,
  startMemory,
} from "../../fixtures/memory/MemorySystem.ts"

const add = (by: number) => ({ type: "Add", by }) as const

/** Holds the first append of the actor `a`, so that everything `ask` starts meanwhile waits together. */
const together = async <A>(memory: MemorySystem, ask: () => A): Promise<A> => {
  const release = memory.journal.hold()
  const first = memory.system.get(Counter, "a").ask(add(0))
  await eventually(() => memory.journal.heldCount === 1)
  const asked = ask()
  release()
  await first
  return asked
}

const commits = async (journal: JournalScripted): Promise<ReadonlyArray<Commit>> => {
  const address = addressOf("counter", "a", SHARD_COUNT)
  const page = await Effect.runPromise(
    journal.inner.read(address, { after: 0, upTo: Number.MAX_SAFE_INTEGER }),
  )
  return page.map(decodeCommit)
}

describe("group commit", () => {
  it("writes what waited as one commit, in order, each with its own answer", async () => {
    const memory = await startMemory()
    const counter = memory.system.get(Counter, "a")
    const answers = await Promise.all(
      await together(memory, () => Array.from({ length: 50 }, (_, index) => counter.ask(add(index + 1)))),
    )
    expect(memory.journal.counts.append).toBe(2)
    expect(answers.map(({ version }) => version)).toEqual(answers.map((_, index) => index + 2))
    expect(new Set(answers.map(({ sequence }) => sequence))).toEqual(new Set([2]))
    expect(answers.at(-1)?.reply).toEqual({ total: (50 * 51) / 2 })
  })

  it("lets a rejection that rests on the group wait for the commit", async () => {
    const memory = await startMemory()
    const counter = memory.system.get(Counter, "a")
    const settled: Array<string> = []
    const release = memory.journal.hold()
    const first = counter.ask(add(0))
    await eventually(() => memory.journal.heldCount === 1)
    const close = counter.ask({ type: "Close" }).then(() => settled.push("closed"))
    const refused = counter
      .ask(add(1))
      .catch((error) => settled.push(`${error._tag} ${error.reason} ${error.state}`))
    const releaseGroup = memory.journal.hold()
    release()
    await first
    await eventually(() => memory.journal.heldCount === 1)
    expect(settled).toEqual([])
    releaseGroup()
    await Promise.all([close, refused])
    expect(settled).toEqual(["closed", "CommandRejected NotAccepted closed"])
  })

  it("decides a rejection again when the commit it rests on is refused", async () => {
    const memory = await startMemory()
    const counter = memory.system.get(Counter, "a")
    memory.journal.script.append.push("ok", "full")
    const [close, added] = await together(
      memory,
      () => [counter.ask({ type: "Close" }).catch((error) => error._tag), counter.ask(add(4))] as const,
    )
    expect(await close).toBe("Unavailable")
    expect(await added.catch((error) => error.reason)).toMatchObject({ version: 2, reply: { total: 4 } })
  })

  it("applies a command that is in the group twice once, and answers both", async () => {
    const memory = await startMemory()
    const counter = memory.system.get(Counter, "a")
    const [first, second, reused] = await together(
      memory,
      () =>
        [
          counter.ask(add(3), { commandId: "twice" }),
          counter.ask(add(3), { commandId: "twice" }),
          counter.ask(add(4), { commandId: "twice" }).catch((error) => error._tag),
        ] as const,
    )
    expect(await first).toMatchObject({ version: 2, duplicate: false })
    expect(await second).toMatchObject({ version: 2, reply: { total: 3 }, duplicate: true })
    expect(await reused).toBe("CommandIdReused")
    expect(await historyOf(memory.journal.inner, Counter, "a")).toHaveLength(2)
  })

  it("checks ifVersion against what the group has come to", async () => {
    const memory = await startMemory()
    const counter = memory.system.get(Counter, "a")
    const [fits, late] = await together(
      memory,
      () =>
        [
          counter.ask(add(1), { ifVersion: 1 }),
          counter.ask(add(1), { ifVersion: 1 }).catch((error) => error),
        ] as const,
    )
    expect(await fits).toMatchObject({ version: 2 })
    expect(await late).toMatchObject({ _tag: "VersionConflict", expected: 1, found: 2 })
  })

  it("answers a read that was asked after a command with the command's effect", async () => {
    const memory = await startMemory()
    const counter = memory.system.get(Counter, "a")
    const [, read, , later] = await together(
      memory,
      () => [counter.ask(add(1)), counter.state(), counter.ask(add(2)), counter.state()] as const,
    )
    expect((await read).version).toBeGreaterThanOrEqual(2)
    expect((await later).state.context.total).toBe(3)
  })

  it("FAULT 36: splits a group that is larger than a commit may be", async () => {
    const journal = new JournalScripted(journalInMemory({ commitBytesMax: 10_000 }))
    const memory = await startMemory({ journal })
    const counter = memory.system.get(Counter, "a")
    const text = "€".repeat(1_000)
    const answers = await Promise.all(
      await together(memory, () => Array.from({ length: 10 }, () => counter.ask({ type: "Note", text }))),
    )
    expect(answers.map(({ version }) => version)).toEqual(answers.map((_, index) => index + 2))
    const stored = await commits(journal)
    expect(stored.length).toBeGreaterThan(3)
    expect(stored.slice(1).some(({ entries }) => entries.length > 1)).toBe(true)
  })

  it("FAULT 36: refuses only the command that is too large, wherever it stands in a group", async () => {
    const journal = new JournalScripted(journalInMemory({ commitBytesMax: 10_000 }))
    const memory = await startMemory({ journal })
    const counter = memory.system.get(Counter, "a")
    const [before, large, reply, after] = await together(
      memory,
      () =>
        [
          counter.ask(add(1)),
          counter.ask({ type: "Note", text: "x".repeat(2 * 1024 * 1024) }).catch((error) => error),
          counter.ask({ type: "Echo", length: 20_000 }).catch((error) => error),
          counter.ask(add(2)),
        ] as const,
    )
    expect(await before).toMatchObject({ version: 2 })
    expect(await large).toMatchObject({ _tag: "PayloadTooLarge", limitBytes: 10_000 })
    expect(await reply).toMatchObject({ _tag: "PayloadTooLarge" })
    expect(await after).toMatchObject({ version: 3, reply: { total: 3 } })
    expect((await counter.state()).state.context.textLength).toBe(0)
  })

  it("FAULT 36: takes what fits to the byte, and refuses one byte more", async () => {
    const journal = new JournalScripted(journalInMemory({ commitBytesMax: 4_000 }))
    const { system } = await startMemory({ journal })
    let stored = 0
    for (let length = 2_500; length < 4_000; length += 3) {
      const outcome = await system
        .get(Counter, `n-${length}`)
        .ask({ type: "Note", text: "x".repeat(length) }, { commandId: "c" })
        .then(
          () => "stored",
          (error) => error._tag,
        )
      if (outcome === "stored") stored++
      else expect(outcome).toBe("PayloadTooLarge")
    }
    expect(stored).toBeGreaterThan(0)
    expect(stored).toBeLessThan(500)
  })
})
