/** What counts as a repeat of a command: the same payload, whichever release has stored the first. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { defineActor } from "../../../runtime/index.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { SnapshotStoreScripted } from "../../fixtures/memory/SnapshotStoreScripted.ts"

const Keeper = defineActor({
  type: "keeper",
  snapshotEveryEvents: 1,
  machine: setup({ types: { events: {} as { type: "Keep"; value: unknown } } }).createMachine({
    on: { Keep: { actions: () => undefined } },
  }),
})

const keep = (value: unknown) => ({ type: "Keep", value }) as const
const one = keep({ k: {}, s: {} })
/** Another payload that the first release could not tell from it. */
const other = keep({ k: { "}": "{" } })

const address = addressOf(Keeper.type, "k", SHARD_COUNT)

interface StoredEntry {
  fp: string
  fs?: string
}

/** The entries of the actor's last commit, changed in place and written anew. */
const rewrite = async (journal: JournalScripted, change: (entry: StoredEntry) => void) => {
  const copy = new JournalScripted()
  const records = await Effect.runPromise(journal.inner.read(address, { after: 0, upTo: 1_000 }))
  let last = 0
  for (const { data } of records) {
    const commit = JSON.parse(new TextDecoder().decode(data)) as { entries: Array<StoredEntry> }
    for (const entry of commit.entries) change(entry)
    const bytes = new TextEncoder().encode(JSON.stringify(commit))
    last = await Effect.runPromise(copy.inner.append(address, last, bytes))
  }
  return copy
}

/** As the first release has stored it. */
const withoutStructure = (journal: JournalScripted) =>
  rewrite(journal, (entry) => {
    delete entry.fs
  })

const stored = async () => {
  const snapshots = new SnapshotStoreScripted()
  const { system, journal, crash } = await startMemory({ actors: [Keeper], snapshots })
  await system.get(Keeper, "k").ask(one, { commandId: "c" })
  await crash()
  return { journal, snapshots }
}

describe("a command under a used id", () => {
  it("FAULT 5: is refused where only the structure of its payload differs", async () => {
    const { journal, snapshots } = await stored()
    expect(snapshots.rows.size).toBe(1)
    for (const known of [new SnapshotStoreScripted(), snapshots]) {
      const { system } = await startMemory({ actors: [Keeper], journal, snapshots: known })
      const keeper = system.get(Keeper, "k")
      await expect(keeper.ask(other, { commandId: "c" })).rejects.toMatchObject({ _tag: "CommandIdReused" })
      expect(await keeper.ask(one, { commandId: "c" })).toMatchObject({ version: 1, duplicate: true })
    }
  })

  it("is a repeat of what the first release has stored, from its commits and from its snapshots", async () => {
    const { journal, snapshots } = await stored()
    const old = await withoutStructure(journal)
    snapshots.damage("keeper/k", ({ state }) => {
      const { structures, ...body } = JSON.parse(state)
      expect(structures).toHaveLength(1)
      return { state: JSON.stringify(body) }
    })
    for (const known of [new SnapshotStoreScripted(), snapshots]) {
      const { system } = await startMemory({ actors: [Keeper], journal: old, snapshots: known })
      const keeper = system.get(Keeper, "k")
      expect(await keeper.ask(one, { commandId: "c" })).toMatchObject({ version: 1, duplicate: true })
      await expect(keeper.ask(keep(1), { commandId: "c" })).rejects.toMatchObject({ _tag: "CommandIdReused" })
    }
  })

  it("is stored so that nodes of the first release find it: the text apart from the structure", async () => {
    const { journal, snapshots } = await stored()
    const found: Array<StoredEntry> = []
    await rewrite(journal, (entry) => found.push(entry))
    expect(found).toMatchObject([{ fp: "769657e4fc4daa44", fs: expect.stringMatching(/^[0-9a-f]{8}$/) }])
    const { recent } = JSON.parse([...snapshots.rows.values()][0]?.state ?? "{}")
    expect(recent).toEqual([["c", "769657e4fc4daa44", 1, 1]])
  })
})
