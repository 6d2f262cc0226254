/** What the new owner of shards reads of a journal that says nowhere what is settled. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { JOURNAL_PAGE_RECORDS_MAX } from "../../../runtime/journal/Journal.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const actors = [Clerk, Desk]

describe("a journal of the first release", () => {
  it("is read once for all shards, and what its commits carry leaves", async () => {
    const shardCount = 64
    const journal = new JournalScripted()
    const messaging = new MessagingMemory({ isMailboxOnly: true })
    const deskCount = 3 * JOURNAL_PAGE_RECORDS_MAX
    const carryingCount = deskCount / 100
    const desks = Array.from({ length: deskCount }, (_, index) => addressOf("desk", `d${index}`, shardCount))
    const tell = { k: "tell", to: "clerk/c", c: { type: "Stamp", sheet: "s", wanted: false } }
    for (const [index, desk] of desks.entries()) {
      const carried = index % 100 === 0 ? { out: [tell] } : undefined
      const entry = JSON.stringify({ c: `c${index}`, fp: "", ev: [{ t: "Told", v: 1, d: {} }], ...carried })
      const commit = encodeCommit({ first: 1, at: 1_000 + index, epoch: 1 }, [entry])
      await Effect.runPromise(journal.inner.append(desk, 0, commit))
    }
    const { system } = await startMemory({ actors, journal, messaging, shardCount })
    await eventually(async () => (await system.status()).outbox.recoveredCount >= deskCount)
    await eventually(
      async () => (await system.get(Clerk, "c").state()).state.context.sheets.length === carryingCount,
    )
    // Each shard has a scan of its own for the last epoch alone.
    expect(journal.counts.scan).toBeLessThan(1.5 * shardCount)
  })
})
