/** What a cell knows of its actor from an earlier time of having the shard is not used in a later one. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import type { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { cellAddress as address, cellOf } from "./CellFixture.ts"

/** A commit of the shard's owner between the two times. */
const otherOwner = ({ inner }: JournalScripted, epoch: number) => {
  const entry = { c: "of-the-other", fp: "", ev: [{ t: "Added", v: 1, d: { by: 100 } }] }
  const data = encodeCommit({ first: 2, at: 1, epoch }, [JSON.stringify(entry)])
  return Effect.runPromise(inner.append(address, 1, data))
}

it("FAULT 9: reads the journal anew when its shard went and came back under a higher epoch", async () => {
  const { shard, journal, read, add } = await cellOf()
  await add("c-1", 1)
  expect(await read()).toMatchObject({ version: 1, state: { context: { total: 1 } } })
  await otherOwner(journal, 2)
  // The same time of having it: nobody else may have written, so nothing is read.
  const { last } = journal.counts
  expect(await read()).toMatchObject({ version: 1 })
  expect(journal.counts.last).toBe(last)
  shard.epoch = 3
  expect(await read()).toMatchObject({ version: 2, state: { context: { total: 101 } } })
  expect(await add("c-2", 1)).toMatchObject({ version: 3, reply: { total: 102 } })
  expect(journal.counts.append).toBe(2)
})

it("gives what waits to the new owner while the shard is not its node's", async () => {
  const { shard, read, add } = await cellOf()
  await add("c-1", 1)
  shard.epoch = 0
  await expect(read()).rejects.toBeDefined()
  shard.epoch = 2
  expect(await read()).toMatchObject({ version: 1 })
})
