/** Shards that are read at once share the pages of their partition. */
import { Effect, Exit, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf, shardOf } from "../../../runtime/address/ActorAddress.ts"
import {
  JOURNAL_PAGE_RECORDS_MAX,
  type JournalRecord,
  type JournalService,
  JournalUnavailable,
} from "../../../runtime/journal/Journal.ts"
import { makeJournalMemory } from "../../../runtime/journal/JournalMemory.ts"
import {
  makeShardPages,
  SHARED_BY_MIN,
  SHORT_READ_MAX,
  type ShardPages,
} from "../../../runtime/journal/ShardPages.ts"
import { loggingTo, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"

const SHARDS = Array.from({ length: SHARD_COUNT }, (_, shard) => shard)

/** Far more than a short read. */
const PAGE_COUNT = 30
const RECORD_COUNT = PAGE_COUNT * JOURNAL_PAGE_RECORDS_MAX

/** A journal of `count` actors with one record each, and its scans. */
const filled = async (count: number, partitionCount = 1) => {
  const memory = makeJournalMemory({ partitionCount })
  const scans: Array<{ readonly shard: number | undefined }> = []
  const journal: JournalService = {
    ...memory,
    scan: (range) =>
      Effect.suspend(() => {
        scans.push({ shard: range.shard })
        return Effect.andThen(Effect.yieldNow, memory.scan(range))
      }),
  }
  for (let index = 0; index < count; index++) {
    await Effect.runPromise(memory.append(addressOf("desk", `d${index}`, SHARD_COUNT), 0, new Uint8Array(1)))
  }
  return { journal, scans }
}

const withPages = <A, E>(
  journal: JournalService,
  body: (pages: ShardPages) => Effect.Effect<A, E>,
  logs: Array<string> = [],
) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(makeShardPages(journal, SHARD_COUNT), body)).pipe(
      Effect.provide(loggingTo(logs)),
    ),
  )

/** All records of a shard after a sequence. */
const allOf = (journal: JournalService, pages: ShardPages, shard: number, from = 0) =>
  Effect.gen(function* () {
    const end = yield* journal.lastOfShard(shard)
    const records: Array<JournalRecord> = []
    for (let after = from; after < end; ) {
      const page = yield* pages({ shard, after, upTo: end })
      records.push(...page.records)
      after = page.upTo
    }
    return records
  })

const sequencesOf = (records: ReadonlyArray<JournalRecord>) => records.map(({ sequence }) => sequence)

describe("the pages of shards", () => {
  it.each([1, 3])(
    "have each record of the shard once, in order, with %i partitions",
    async (partitionCount) => {
      const { journal } = await filled(RECORD_COUNT, partitionCount)
      await withPages(journal, (pages) =>
        Effect.gen(function* () {
          const found = yield* Effect.forEach(SHARDS, (shard) => allOf(journal, pages, shard), {
            concurrency: "unbounded",
          })
          for (const [shard, records] of found.entries()) {
            const sequences = sequencesOf(records)
            expect(sequences).toEqual(sequences.toSorted((left, right) => left - right))
            expect(new Set(sequences).size).toBe(sequences.length)
            expect(records.every(({ key }) => shardOf(key, SHARD_COUNT) === shard)).toBe(true)
          }
          expect(found.flat()).toHaveLength(RECORD_COUNT)
        }),
      )
    },
  )

  it("are read in one pass for all shards", async () => {
    const { journal, scans } = await filled(RECORD_COUNT)
    const logs: Array<string> = []
    const readAll = (pages: ShardPages) =>
      Effect.forEach(SHARDS, (shard) => allOf(journal, pages, shard), { concurrency: "unbounded" })
    await withPages(journal, readAll, logs)
    expect(scans).toHaveLength(PAGE_COUNT)
    expect(logs).toEqual([expect.stringMatching(/outboxes of 8 shards: at sequence 0 of 29\d{3}/)])
  })

  it("are the records of the shard alone where few shards have far to read", async () => {
    const { journal, scans } = await filled(RECORD_COUNT)
    const few = SHARDS.slice(0, SHARED_BY_MIN - 1)
    const found = await withPages(journal, (pages) =>
      Effect.forEach(few, (shard) => allOf(journal, pages, shard), { concurrency: "unbounded" }),
    )
    const alone = scans.filter(({ shard }) => shard !== undefined)
    expect(alone.length).toBeGreaterThanOrEqual(few.length)
    // What is left of each in the end is a short read, whose pages are shared.
    const shortPages = SHORT_READ_MAX / JOURNAL_PAGE_RECORDS_MAX + 1
    expect(scans.length - alone.length).toBeLessThanOrEqual(few.length * shortPages)
    const all = Array.from({ length: RECORD_COUNT }, (_, index) => index)
    for (const [shard, records] of found.entries()) {
      const own = all.filter((index) => shardOf(`desk/d${index}`, SHARD_COUNT) === shard)
      expect(sequencesOf(records)).toEqual(own.map((index) => index + 1))
    }
  })

  it("come together where one shard begins later", async () => {
    const { journal, scans } = await filled(RECORD_COUNT)
    await withPages(journal, (pages) =>
      Effect.gen(function* () {
        const [late = 0, ...others] = SHARDS
        const read = (shard: number) => allOf(journal, pages, shard)
        const first = yield* Effect.forkChild(Effect.forEach(others, read, { concurrency: "unbounded" }))
        while (scans.length < 2) yield* Effect.yieldNow
        yield* read(late)
        yield* Fiber.join(first)
      }),
    )
    // The pages that the first shard had read already are read once more.
    expect(scans.length).toBeLessThanOrEqual(PAGE_COUNT + 3)
  })

  it("of a shard with little to read do not wait for a long pass", async () => {
    const { journal, scans } = await filled(RECORD_COUNT)
    await withPages(journal, (pages) =>
      Effect.gen(function* () {
        const long = yield* Effect.forkChild(allOf(journal, pages, 0))
        while (scans.length < 2) yield* Effect.yieldNow
        yield* allOf(journal, pages, 1, RECORD_COUNT - 100)
        expect(scans.length).toBeLessThanOrEqual(4)
        yield* Fiber.join(long)
      }),
    )
  })

  it("fail together, and can be asked for again", async () => {
    const { journal } = await filled(10)
    let isDown = true
    const down = new JournalUnavailable({ reason: "NoResponders", detail: "scripted" })
    const failing: JournalService = {
      ...journal,
      scan: (range) => Effect.suspend(() => (isDown ? Effect.fail(down) : journal.scan(range))),
    }
    await withPages(failing, (pages) =>
      Effect.gen(function* () {
        const ask = (shard: number) => Effect.exit(pages({ shard, after: 0, upTo: 10 }))
        const exits = yield* Effect.forEach([0, 1, 2], ask, { concurrency: "unbounded" })
        expect(exits).toEqual([Exit.fail(down), Exit.fail(down), Exit.fail(down)])
        isDown = false
        expect(Exit.isSuccess(yield* ask(0))).toBe(true)
      }),
    )
  })

  it("go on for the others where one reader is gone", async () => {
    const { journal, scans } = await filled(RECORD_COUNT)
    await withPages(journal, (pages) =>
      Effect.gen(function* () {
        const gone = yield* Effect.forkChild(allOf(journal, pages, 0))
        const other = yield* Effect.forkChild(allOf(journal, pages, 1))
        while (scans.length < 2) yield* Effect.yieldNow
        yield* Fiber.interrupt(gone)
        expect((yield* Fiber.join(other)).length).toBeGreaterThan(0)
      }),
    )
  })
})
