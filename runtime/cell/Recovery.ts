/**
 * Brings an actor back: reads snapshot and last journal record in parallel, then the records between them.
 *
 * Owns the end of a replay: never before the leader's last sequence, because a replica may lag
 * (Journal.read). Fold.ts applies a record. Recovering.ts and Running.ts call it.
 */
import { Effect, Fiber } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import {
  type Commit,
  CommitUnreadable,
  decodeCommit,
  eventCount,
  isSameStamp,
  stampOf,
} from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import {
  type JournalReadError,
  type JournalRecord,
  JournalRefused,
  type JournalService,
} from "../journal/Journal.ts"
import { somePage } from "../journal/RecordPage.ts"
import { thrownText } from "../json/Thrown.ts"
import { about } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { SnapshotStoreService } from "../snapshot/SnapshotStore.ts"
import { ActorQuarantined } from "./AskError.ts"
import { applyRecord, type Confirmed, commitIn, unborn } from "./Fold.ts"
import type { IgnoredSnapshots } from "./IgnoredSnapshots.ts"
import { decodeSnapshot } from "./Snapshot.ts"

export interface RecoveryPorts {
  readonly journal: JournalService
  readonly snapshots: SnapshotStoreService
  readonly ignoredSnapshots: IgnoredSnapshots
  /** Told of every record that was applied, in order, because its items may not be sent yet. */
  readonly outbox: { readonly found: (address: ActorAddress, record: JournalRecord, commit: Commit) => void }
}

export type RecoveryError = ActorQuarantined | JournalReadError

export interface Recovered {
  readonly confirmed: Confirmed
  /** Version and sequence of the snapshot that the replay started from; 0 without one. */
  readonly snapshot: { readonly version: number; readonly sequence: number }
}

/**
 * The actor's confirmed state, from its snapshot (if usable) and the journal. The outbox is told of every
 * record after `toldUpTo`, so a snapshot beyond it is not used: another node made it, and it would hide some
 * of these records from the outbox.
 */
export const recover = Effect.fnUntraced(function* (
  ports: RecoveryPorts,
  definition: ActorDefinition,
  address: ActorAddress,
  toldUpTo = Number.POSITIVE_INFINITY,
): Effect.fn.Return<Recovered, RecoveryError> {
  // One fiber beside this one costs a third of `Effect.all`.
  const loading = yield* Effect.forkChild(loadSnapshot(ports, definition, address), {
    startImmediately: true,
  })
  const last = yield* ports.journal.last(address)
  const loaded = yield* Fiber.join(loading)
  const fromSnapshot = loaded !== undefined && loaded.sequence <= toldUpTo ? loaded : undefined
  if (fromSnapshot !== undefined) {
    const { version, sequence } = fromSnapshot
    const page = yield* fromItsCommit(ports.journal, address, fromSnapshot, last)
    const confirmed =
      contradictionOf(fromSnapshot, last, page) ??
      (yield* replay(ports, definition, address, fromSnapshot, last, page.slice(1)).pipe(
        // The journal alone decides whether an actor can be read.
        Effect.catchTag("ActorQuarantined", (error) => Effect.succeed(error.message)),
      ))
    if (typeof confirmed !== "string") return { confirmed, snapshot: { version, sequence } }
    yield* logSampled(
      "snapshot discarded",
      `Snapshot of ${address.key} at version ${version}, sequence ${sequence} discarded: ${confirmed}`,
    ).pipe(about({ actor: address }))
    yield* Effect.ignore(ports.snapshots.discard(address.key))
  }
  const unborn = yield* start(definition, address)
  const confirmed = yield* replay(ports, definition, address, unborn, last)
  const halted = definition.audit?.halted(confirmed.state)
  if (halted !== undefined) {
    yield* logSampled("actor halted", `This code cannot decide for ${address.key}: ${halted}`).pipe(
      about({ actor: address }),
    )
  }
  return { confirmed, snapshot: { version: 0, sequence: 0 } }
})

/**
 * The first page of records after a snapshot, beginning with the commit that the snapshot includes last. A
 * journal that has lost its end may hold another commit there. Empty if there are no records to read, or if
 * the snapshot does not name its commit.
 */
const fromItsCommit = (
  journal: JournalService,
  address: ActorAddress,
  { sequence, stamp }: Confirmed,
  last: JournalRecord | undefined,
): Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError> =>
  last === undefined || stamp === undefined || sequence >= last.sequence
    ? NO_RECORDS
    : nextPage(journal, address, sequence - 1, last)

/**
 * How a snapshot and the actor's records contradict each other; `undefined` if they agree. `page`: see {@link
 * fromItsCommit}.
 */
const contradictionOf = (
  snapshot: Confirmed,
  last: JournalRecord | undefined,
  page: ReadonlyArray<JournalRecord>,
): string | undefined => {
  const { sequence, version, stamp } = snapshot
  if (last === undefined || sequence > last.sequence) return `the journal ends at ${last?.sequence ?? 0}`
  if (sequence < last.sequence && stamp === undefined) return undefined // the first commit of the tail has to fit
  const own = sequence === last.sequence ? last : page[0]
  if (own?.sequence !== sequence) return "the journal has no commit of the actor there"
  try {
    const commit = decodeCommit(own)
    const stored = commit.first + eventCount(commit) - 1
    if (stored !== version) return `the journal is at version ${stored} there`
    const isOther = stamp !== undefined && !isSameStamp(stamp, stampOf(commit))
    return isOther ? "the journal has another commit there" : undefined
  } catch (cause) {
    // An unreadable record proves nothing against the snapshot, which may be all that is left.
    if (cause instanceof CommitUnreadable) return undefined
    throw cause
  }
}

const NO_RECORDS: Effect.Effect<ReadonlyArray<JournalRecord>> = Effect.succeed([])

/** The confirmed state after everything that the journal holds now. Do not use `confirmed` afterwards. */
export const catchUp = Effect.fnUntraced(function* (
  ports: RecoveryPorts,
  definition: ActorDefinition,
  address: ActorAddress,
  confirmed: Confirmed,
): Effect.fn.Return<Confirmed, RecoveryError> {
  const last = yield* ports.journal.last(address)
  if ((last?.sequence ?? 0) < confirmed.sequence) {
    return yield* new JournalRefused({
      reason: "Replaced",
      detail: `${address.key} was at sequence ${confirmed.sequence}, the journal now ends at ${last?.sequence ?? 0}`,
      hint: "The journal lost acknowledged messages: it was restored from an older copy, or replaced.",
    })
  }
  return yield* replay(ports, definition, address, confirmed, last)
})

/**
 * Applies the records between `from` and `last` in pages, with at most two pages in memory. `first`: the page
 * that was read already.
 */
const replay = Effect.fnUntraced(function* (
  ports: RecoveryPorts,
  definition: ActorDefinition,
  address: ActorAddress,
  from: Confirmed,
  last: JournalRecord | undefined,
  first: ReadonlyArray<JournalRecord> = [],
): Effect.fn.Return<Confirmed, RecoveryError> {
  if (last === undefined || last.sequence <= from.sequence) return from
  const { journal, outbox } = ports
  let confirmed = from
  let page = first.length > 0 ? first : yield* nextPage(journal, address, from.sequence, last)
  while (true) {
    const pageEnd = page.at(-1)?.sequence ?? last.sequence
    if (pageEnd >= last.sequence) return yield* applyPage(definition, address, confirmed, page, outbox)
    // Read the next page while this one is applied.
    const ahead = yield* Effect.forkChild(nextPage(journal, address, pageEnd, last), {
      startImmediately: true,
    })
    yield* Effect.yieldNow
    confirmed = yield* applyPage(definition, address, confirmed, page, outbox)
    page = yield* Fiber.join(ahead)
  }
})

const nextPage = (
  journal: JournalService,
  address: ActorAddress,
  after: number,
  last: JournalRecord,
): Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError> =>
  somePage(journal.read(address, { after, upTo: last.sequence }), `${address.key} after ${after}`)

const applyPage = (
  definition: ActorDefinition,
  address: ActorAddress,
  from: Confirmed,
  page: ReadonlyArray<JournalRecord>,
  outbox: RecoveryPorts["outbox"],
): Effect.Effect<Confirmed, ActorQuarantined> =>
  Effect.suspend(() => {
    let confirmed = from
    try {
      for (const record of page) {
        const commit = commitIn(address, record)
        confirmed = applyRecord(definition, address, confirmed, record, commit)
        outbox.found(address, record, commit)
      }
    } catch (cause) {
      if (cause instanceof ActorQuarantined) return Effect.fail(cause)
      throw cause
    }
    return Effect.succeed(confirmed)
  })

const start = (
  definition: ActorDefinition,
  address: ActorAddress,
): Effect.Effect<Confirmed, ActorQuarantined> =>
  Effect.try({
    try: () => unborn(definition, address.id),
    catch: (cause) =>
      new ActorQuarantined({
        actorType: address.type,
        id: address.id,
        reason: "MachineFailed",
        sequence: 0,
        detail: thrownText(cause),
        hint: "The machine's initial context or entry actions threw.",
      }),
  })

/**
 * Loads the snapshot. A snapshot store that is down, or an unusable row, only makes the replay longer; it
 * never fails.
 */
const loadSnapshot = (
  { snapshots, ignoredSnapshots }: RecoveryPorts,
  definition: ActorDefinition,
  address: ActorAddress,
): Effect.Effect<Confirmed | undefined> => {
  // Skip snapshots under an audit, because its findings must not depend on whether there is one.
  if (definition.audit !== undefined) return Effect.undefined
  return snapshots.load(address.key).pipe(
    Effect.flatMap((row) => {
      if (row === undefined) return Effect.undefined
      const decoded = decodeSnapshot(definition, address, row)
      if (!("unusable" in decoded)) return Effect.succeed(decoded)
      return Effect.as(ignoredSnapshots.add(address, decoded.unusable), undefined)
    }),
    Effect.catchDefect(Effect.fail),
    Effect.catch((error) =>
      Effect.as(
        Effect.logDebug(`Snapshot of ${address.key} not read; replaying from the start.`, error).pipe(
          about({ actor: address }),
        ),
        undefined,
      ),
    ),
  )
}
