/**
 * Finds the place in the journal from which a page of an actor's history is read, where only its version is known.
 *
 * Owns the search: it reads a few pages between the ends of the history instead of all pages before the version.
 */
import { Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { decodeCommit, eventCount } from "../commit/Commit.ts"
import {
  JOURNAL_PAGE_RECORDS_MAX,
  type JournalReadError,
  type JournalRecord,
  type JournalService,
} from "../journal/Journal.ts"
import { somePage } from "../journal/RecordPage.ts"

/** Pages that the search reads at most. With commits spread evenly over the journal it reads one or two. */
const PROBES_MAX = 16

/** A place between two commits of the actor. */
interface Place {
  /** Journal sequence after which the next commit is. */
  readonly sequence: number
  /** Version of the actor at the place. */
  readonly version: number
}

/** Version of the actor before a commit. Undefined if this code cannot read the commit. */
const versionBefore = (record: JournalRecord | undefined): number | undefined => {
  if (record === undefined) return undefined
  try {
    return decodeCommit(record).first - 1
  } catch {
    // The reader that comes to the commit says what is wrong with it.
    return undefined
  }
}

const BEGIN: Place = { sequence: 0, version: 0 }

/**
 * Journal sequence after which all events of the actor after `version` are, at most about one page before the first of
 * them. 0 where this code cannot read a commit that the search meets.
 */
export const sequenceBefore = Effect.fnUntraced(function* (
  journal: JournalService,
  address: ActorAddress,
  last: JournalRecord,
  version: number,
): Effect.fn.Return<number, JournalReadError> {
  let low = BEGIN
  let high: Place = { sequence: last.sequence, version: newestVersion(last) }
  for (let probe = 0; probe < PROBES_MAX; probe++) {
    const wanted = version - low.version - JOURNAL_PAGE_RECORDS_MAX / 2
    if (wanted <= JOURNAL_PAGE_RECORDS_MAX / 2 || high.sequence - low.sequence <= 1) break
    // Every second probe halves the range, because the commits may be spread unevenly.
    const part = probe % 2 === 0 ? Math.min(1, wanted / Math.max(1, high.version - low.version)) : 1 / 2
    const after = low.sequence + Math.max(1, Math.floor((high.sequence - low.sequence - 1) * part))
    const read = journal.read(address, { after, upTo: last.sequence })
    const page = yield* somePage(read, `${address.key} after ${after}`)
    const first = versionBefore(page[0])
    const end = versionBefore(page.at(-1))
    if (first === undefined || end === undefined) return 0
    if (first > version) high = { sequence: after, version: first }
    else if (end > version) return (page[0]?.sequence ?? 1) - 1
    else low = { sequence: (page.at(-1)?.sequence ?? 1) - 1, version: end }
  }
  return low.sequence
})

const newestVersion = (last: JournalRecord): number => {
  try {
    const commit = decodeCommit(last)
    return commit.first - 1 + eventCount(commit)
  } catch {
    return Number.MAX_SAFE_INTEGER // the halving finds the place
  }
}
