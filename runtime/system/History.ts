/**
 * Reads an actor's past straight from the journal: its birth, its events, and its state at an earlier version or time.
 *
 * Owns paging through long histories with bounded memory. Does not touch the actor in memory. Where a page begins whose
 * version alone is known: HistoryStart.ts. States that were folded before: PastStates.ts.
 */
import { Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { ActorQuarantined, type ActorUnborn } from "../cell/AskError.ts"
import { needsInput, reborn, unbornNow } from "../cell/Birth.ts"
import { asQuarantined, audited, notAccepted, unborn } from "../cell/Fold.ts"
import {
  type Commit,
  type CommitEntry,
  type CommitStamp,
  decodeCommit,
  isSameStamp,
  stampOf,
} from "../commit/Commit.ts"
import type { StoredBirth } from "../commit/StoredBirth.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { type AnyEvent, readEvent } from "../event/Event.ts"
import { forEachPage } from "../journal/ActorPages.ts"
import {
  JOURNAL_PAGE_RECORDS_MAX,
  type JournalReadError,
  type JournalRecord,
  type JournalService,
} from "../journal/Journal.ts"
import { given } from "../machine/SealedState.ts"
import { storedEventsOf } from "../projection/DecodedRecord.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"
import { sequenceBefore } from "./HistoryStart.ts"
import { boundOf, type InvalidMoment, type PastMoment, type PastState } from "./PastMoment.ts"
import type { KeptState, PastStates } from "./PastStates.ts"

/** Events in one page of history unless asked otherwise, and the most that may be asked for. */
export const HISTORY_PAGE_DEFAULT = 100
export const HISTORY_PAGE_MAX = 1_000

/** Where a page of history ended. With its place in the journal, the next page is found without reading on from 1. */
export interface HistoryCursor {
  readonly version: number
  /** Journal sequence after which the next page starts. */
  readonly sequence: number
}

/** Which events of an actor a page of its history has. */
export interface HistoryOptions {
  /** Only events after this version (default 0), or after the page whose `next` this is. */
  readonly after?: number | HistoryCursor
  /** Events at most, 1 to 1,000, default 100. */
  readonly limit?: number
}

/** How an actor came about. A birth takes no version: it comes before the event of version 1. */
export interface HistoryBirth {
  /** Journal sequence of the commit that tells of it: that of the first event, or of the spawn. */
  readonly sequence: number
  /** Unix milliseconds. */
  readonly at: number
  /** Input as the schema of the definition yielded it then, without the id; absent for an actor that was born without. */
  readonly input?: unknown
}

/** One page of an actor's history. */
export interface HistoryPage<Event = AnyEvent> {
  /** Birth of the actor: on the page that starts after version 0; absent for an actor that is not born. */
  readonly birth?: HistoryBirth
  readonly events: ReadonlyArray<ProjectedEvent<Event>>
  /** Pass it as `after` for the next page; absent on the last one. */
  readonly next?: HistoryCursor
}

/** What a walk tells. The walk ends where `visit` or `born` says stop. */
interface Visitor {
  readonly visit: (event: ProjectedEvent, sent: CommitEntry["out"], isTold: boolean) => "go on" | "stop"
  readonly born?: (birth: StoredBirth, commit: Commit, sequence: number) => "go on" | "stop"
  /** All of a commit was told. */
  readonly ended?: (commit: Commit, record: JournalRecord) => void
}

/** Walks the actor's birth and events after a journal sequence up to its last record, in order. */
const walk = Effect.fnUntraced(function* (
  journal: JournalService,
  definition: ActorDefinition,
  address: ActorAddress,
  from: number,
  last: JournalRecord | undefined,
  { visit, born, ended }: Visitor,
): Effect.fn.Return<void, JournalReadError | ActorQuarantined> {
  if (last === undefined) return
  const decoded = (record: JournalRecord) => {
    try {
      const commit = decodeCommit(record)
      const events = storedEventsOf(address, record, commit).map(({ stored, as, sent }) => ({
        event: as(readEvent(definition.type, definition.events, stored)),
        sent,
        isTold: stored.told === true,
      }))
      return { commit, events }
    } catch (cause) {
      return asQuarantined(address, record.sequence, cause)
    }
  }
  const toldWhole = (
    { commit, events }: Exclude<ReturnType<typeof decoded>, ActorQuarantined>,
    sequence: number,
  ) =>
    (commit.b === undefined || born?.(commit.b, commit, sequence) !== "stop") &&
    events.every(({ event, sent, isTold }) => visit(event, sent, isTold) === "go on")
  yield* forEachPage(journal, address, { after: from, upTo: last.sequence }, (page) =>
    Effect.suspend(() => {
      for (const record of page) {
        const told = decoded(record)
        if (told instanceof ActorQuarantined) return Effect.fail(told)
        if (!toldWhole(told, record.sequence)) return STOP
        ended?.(told.commit, record)
      }
      return GO_ON
    }),
  )
})

const STOP = Effect.succeed(false)
const GO_ON = Effect.succeed(true)

/** One page of the actor's events, oldest first, with its birth on the first page. */
export const history = Effect.fnUntraced(function* (
  journal: JournalService,
  definition: ActorDefinition,
  address: ActorAddress,
  { after = 0, limit = HISTORY_PAGE_DEFAULT }: HistoryOptions,
): Effect.fn.Return<HistoryPage, JournalReadError | ActorQuarantined> {
  const pageSize = Math.max(1, Math.min(HISTORY_PAGE_MAX, Math.trunc(limit)))
  const start = typeof after === "number" ? { version: after, sequence: 0 } : after
  const events: Array<ProjectedEvent> = []
  let next: HistoryCursor | undefined
  let birth: HistoryBirth | undefined
  const born = ({ in: input }: StoredBirth, { at }: Commit, sequence: number) => {
    birth = { sequence, at, ...(input === undefined ? undefined : { input }) }
    return "go on" as const
  }
  const visit = (event: ProjectedEvent) => {
    // A birth that has nothing to say is in no commit: it was at the first event.
    if (event.version === 1) birth ??= { sequence: event.sequence, at: event.at }
    if (event.version <= start.version) return "go on"
    if (events.length === pageSize) {
      // A commit may hold events of both pages: the next one starts with it.
      next = { version: event.version - 1, sequence: event.sequence - 1 }
      return "stop"
    }
    events.push(event)
    return "go on"
  }
  const last = yield* journal.last(address)
  const isFar = start.sequence === 0 && start.version > JOURNAL_PAGE_RECORDS_MAX
  const from =
    isFar && last !== undefined
      ? yield* sequenceBefore(journal, address, last, start.version)
      : start.sequence
  yield* walk(journal, definition, address, from, last, { visit, born })
  return {
    ...(birth === undefined || start.version > 0 ? undefined : { birth }),
    events,
    ...(next === undefined ? undefined : { next }),
  }
})

/** Events after which a fold keeps the state that it has reached. */
const KEPT_EACH = 1_000

/** The state right after the given version, or as it was at the given time. */
export const stateAt = Effect.fnUntraced(function* (
  { journal, past: kept }: { readonly journal: JournalService; readonly past: PastStates },
  definition: ActorDefinition,
  address: ActorAddress,
  moment: PastMoment,
): Effect.fn.Return<PastState, JournalReadError | ActorQuarantined | ActorUnborn | InvalidMoment> {
  const bound = yield* boundOf(moment)
  const isBeyond = (version: number, at: number) =>
    "version" in bound ? version > bound.version : at > bound.time
  const before = yield* Effect.try({
    try: () => unborn(definition, address.id),
    catch: (cause) => asQuarantined(address, 0, cause),
  })
  const last = yield* journal.last(address)
  const start = yield* keptBefore(journal, address, kept, bound, last)
  let past: PastState = start?.past ?? { version: 0, state: before.state }
  let reached = past.version
  let latestAtMs = start?.latestAtMs ?? 0
  // Without input it has no state before its birth.
  let isStateless = start === undefined && needsInput(before.standing)
  let failure: ActorQuarantined | undefined
  let asked: ReadonlyArray<string> = []
  const born = (birth: StoredBirth, { at }: Commit, sequence: number) => {
    if (isBeyond(0, at)) return "stop"
    try {
      past = { version: 0, at, state: reborn(definition, address.id, birth).state }
      isStateless = false
      return "go on"
    } catch (cause) {
      failure = asQuarantined(address, sequence, cause)
      return "stop"
    }
  }
  const visit = (event: ProjectedEvent, sent: CommitEntry["out"], isTold: boolean) => {
    if (isBeyond(event.version, event.at)) return "stop"
    try {
      if (isStateless) past = { version: 0, state: definition.machine.initial(address.id) }
      isStateless = false
      const state = isTold ? past.state : definition.machine.transition(past.state, event.event, address.id)
      if (state === undefined) {
        failure = notAccepted(address, event.sequence, past.state, event.event.type)
        return "stop"
      }
      asked = [...asked, ...(definition.audit?.asked(state) ?? [])]
      const isLast = sent !== undefined
      past = {
        version: event.version,
        at: event.at,
        state: isLast ? audited(definition, address.id, state, asked, sent) : state,
      }
      if (isLast) asked = []
    } catch (cause) {
      failure = asQuarantined(address, event.sequence, cause)
    } finally {
      definition.machine.takeIntents()
    }
    return failure === undefined ? "go on" : "stop"
  }
  const ended = (commit: Commit, { sequence }: JournalRecord) => {
    latestAtMs = Math.max(latestAtMs, commit.at)
    const isDue = past.version >= reached + KEPT_EACH
    if (!isDue || failure !== undefined) return
    reached = past.version
    kept.keep(address.key, { past, sequence, stamp: stampOf(commit), latestAtMs })
  }
  yield* walk(journal, definition, address, start?.sequence ?? 0, last, { visit, born, ended })
  if (failure !== undefined) return yield* failure
  if (isStateless) return yield* unbornNow(address)
  return { ...past, state: given(past.state) }
})

/** The nearest state before the bound that was folded before, if the journal still has its commit. */
const keptBefore = Effect.fnUntraced(function* (
  journal: JournalService,
  address: ActorAddress,
  kept: PastStates,
  bound: { readonly version: number } | { readonly time: number },
  last: JournalRecord | undefined,
): Effect.fn.Return<KeptState | undefined, JournalReadError> {
  const found = kept.before(address.key, bound)
  if (found === undefined) return undefined
  const { sequence, stamp } = found
  const range = { after: sequence - 1, upTo: sequence }
  const [record] = (last?.sequence ?? 0) < sequence ? [] : yield* journal.read(address, range)
  if (record !== undefined && isStampOf(record, stamp)) return found
  kept.forget(address.key)
  return undefined
})

/** Whether the record is the commit with this stamp. A journal that has lost its end may hold another one there. */
const isStampOf = (record: JournalRecord, stamp: CommitStamp): boolean => {
  try {
    return isSameStamp(stamp, stampOf(decodeCommit(record)))
  } catch {
    return false // read from the start, where the reason is told
  }
}
