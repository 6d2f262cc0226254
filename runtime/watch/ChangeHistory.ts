/**
 * Changes that are not in memory any more, read from the journal.
 *
 * Owns the replay that gives the state after each commit, and pages of events without states. Reads around the
 * cell, so the actor does not wake up. Who asks: ChangeFeeds.ts.
 */
import { Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorQuarantined } from "../cell/AskError.ts"
import { applyRecord, asQuarantined, type Confirmed, commitIn, unborn } from "../cell/Fold.ts"
import { decodeSnapshot } from "../cell/Snapshot.ts"
import { type Commit, eventCount } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { JournalReadError, JournalRecord, JournalService } from "../journal/Journal.ts"
import { somePage } from "../journal/RecordPage.ts"
import type { SnapshotStoreService } from "../snapshot/SnapshotStore.ts"
import { type ChangeEntry, type Position, positionOf, type StoredChange } from "./Change.ts"
import { CHANGES_PAGE_MAX, WATCH_BEHIND_MAX } from "./ChangeFeed.ts"

export interface HistoryPorts {
  readonly journal: JournalService
  readonly snapshots: SnapshotStoreService
}

type HistoryError = JournalReadError | ActorQuarantined

/**
 * Position of the actor at the end of the journal. `undefined`: only a replay tells, because no commit of it has
 * an event yet.
 */
export const lastPosition = (
  { journal }: HistoryPorts,
  address: ActorAddress,
): Effect.Effect<Position | undefined, HistoryError> =>
  Effect.flatMap(journal.last(address), (last) => {
    if (last === undefined) return Effect.succeed(0)
    return Effect.map(commitOf(address, last), (commit) => {
      const version = commit.first + eventCount(commit) - 1
      return version > 0 ? version + 1 : undefined
    })
  })

const commitOf = (address: ActorAddress, record: JournalRecord): Effect.Effect<Commit, ActorQuarantined> =>
  Effect.try({ try: () => commitIn(address, record), catch: (cause) => cause as ActorQuarantined })

/** The changes behind a position with their states, in order: the newest ones, if there are too many. */
export const changesBehind = Effect.fnUntraced(function* (
  { journal, snapshots }: HistoryPorts,
  definition: ActorDefinition,
  address: ActorAddress,
  at: Position,
): Effect.fn.Return<ReadonlyArray<StoredChange>, HistoryError> {
  const last = yield* journal.last(address)
  let confirmed = yield* startFor(snapshots, definition, address, at, last?.sequence ?? 0)
  const changes: Array<StoredChange> = []
  while (last !== undefined && confirmed.sequence < last.sequence) {
    const after = confirmed.sequence
    const range = { after, upTo: last.sequence }
    for (const record of yield* somePage(journal.read(address, range), `${address.key} after ${after}`)) {
      const from = positionOf(confirmed)
      confirmed = yield* applied(definition, address, confirmed, record)
      const to = positionOf(confirmed)
      if (to <= at || to === from) continue
      const { at: atMs, entries } = yield* commitOf(address, record)
      changes.push({
        from,
        to,
        sequence: record.sequence,
        atMs,
        entries: entries.map(entryOf),
        state: confirmed.state,
      })
      if (changes.length > WATCH_BEHIND_MAX) changes.shift()
    }
    yield* Effect.yieldNow
  }
  return changes
})

const entryOf = ({ c, m, ev }: ChangeEntry): ChangeEntry => ({
  c,
  ev,
  ...(m === undefined ? undefined : { m }),
})

const applied = (
  definition: ActorDefinition,
  address: ActorAddress,
  confirmed: Confirmed,
  record: JournalRecord,
): Effect.Effect<Confirmed, ActorQuarantined> =>
  Effect.try({
    try: () => applyRecord(definition, address, confirmed, record),
    catch: (cause) => asQuarantined(address, record.sequence, cause),
  })

/** The state from which a replay passes the position: of a snapshot that is not beyond it, or of the birth. */
const startFor = Effect.fnUntraced(function* (
  snapshots: SnapshotStoreService,
  definition: ActorDefinition,
  address: ActorAddress,
  at: Position,
  lastSequence: number,
): Effect.fn.Return<Confirmed, ActorQuarantined> {
  // Skip snapshots under an audit, because its findings must not depend on whether there is one.
  if (definition.audit === undefined) {
    const row = yield* Effect.orElseSucceed(snapshots.load(address.key), () => undefined)
    const decoded = row === undefined ? undefined : decodeSnapshot(definition, address, row)
    const isUsable = decoded !== undefined && !("unusable" in decoded) && decoded.sequence <= lastSequence
    if (isUsable && positionOf(decoded) <= at) return decoded
  }
  return yield* Effect.try({
    try: () => unborn(definition, address.id),
    catch: (cause) => asQuarantined(address, 0, cause),
  })
})

/** A page of commits with events behind a position, without states, in order. `sequence`: where to begin. */
export const eventsBehind = Effect.fnUntraced(function* (
  { journal }: HistoryPorts,
  address: ActorAddress,
  at: Position,
  sequence: number,
): Effect.fn.Return<ReadonlyArray<StoredChange>, HistoryError> {
  const last = yield* journal.last(address)
  const changes: Array<StoredChange> = []
  let after = sequence
  while (last !== undefined && after < last.sequence) {
    const range = { after, upTo: last.sequence }
    for (const record of yield* somePage(journal.read(address, range), `${address.key} after ${after}`)) {
      const commit = yield* commitOf(address, record)
      after = record.sequence
      const to = commit.first + eventCount(commit)
      if (eventCount(commit) === 0 || to <= at) continue
      const entries = commit.entries.map(entryOf)
      changes.push({
        from: commit.first,
        to,
        sequence: record.sequence,
        atMs: commit.at,
        entries,
        state: undefined,
      })
      if (changes.length === CHANGES_PAGE_MAX) return changes
    }
    yield* Effect.yieldNow
  }
  return changes
})
