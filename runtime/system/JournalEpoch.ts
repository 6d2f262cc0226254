/**
 * The highest epoch that a shard's newest commits name. A new owner takes its epoch from the lease store; where that has lost the
 * slot's record, the journal says which epochs were used, because epochs must not go back.
 *
 * Only the newest commits are looked at: an owner writes under a higher epoch than the owners before it.
 */
import { Effect } from "effect"
import { decodeCommit } from "../commit/Commit.ts"
import type { JournalReadError, JournalRecord, JournalService } from "../journal/Journal.ts"

/** Sequences before the end of the shard that are looked at: a former owner's late append may be the newest commit. */
const LOOK_BACK = 1_000

/** A commit that cannot be read names no epoch. */
const epochOf = (record: JournalRecord): number => {
  try {
    return decodeCommit(record).epoch
  } catch {
    return 0
  }
}

/** 0 for a shard without commits. */
export const epochInJournal = (
  journal: Pick<JournalService, "lastOfShard" | "scan">,
  shard: number,
): Effect.Effect<number, JournalReadError> =>
  Effect.gen(function* () {
    const upTo = yield* journal.lastOfShard(shard)
    let highest = 0
    for (let after = Math.max(0, upTo - LOOK_BACK); after < upTo; ) {
      const page = yield* journal.scan({ shard, after, upTo })
      if (page.length === 0) return highest
      for (const record of page) highest = Math.max(highest, epochOf(record))
      after = page.at(-1)?.sequence ?? upTo
    }
    return highest
  })
