/**
 * Reads an actor's past straight from the journal: its birth, its events, and its state at an earlier version or time.
 *
 * Owns paging through long histories with bounded memory. Does not touch the actor in memory.
 */
import { Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorQuarantined, ActorUnborn } from "../cell/AskError.ts"
import { needsInput, reborn, unbornNow } from "../cell/Birth.ts"
import { asQuarantined, audited, notAccepted, unborn } from "../cell/Fold.ts"
import { type Commit, type CommitEntry, decodeCommit } from "../commit/Commit.ts"
import type { StoredBirth } from "../commit/StoredBirth.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { type AnyEvent, readEvent } from "../event/Event.ts"
import type { JournalReadError, JournalService } from "../journal/Journal.ts"
import { somePage } from "../journal/RecordPage.ts"
import type { MachineState } from "../machine/Machine.ts"
import { given } from "../machine/SealedState.ts"
import { storedEventsOf } from "../projection/DecodedRecord.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"
import { boundOf, type InvalidMoment, type PastMoment } from "./PastMoment.ts"

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

/** A state of the past. `at` is the time of its last event, or of its birth, Unix milliseconds; absent before both. */
export interface PastState<State = MachineState> {
  readonly version: number
  readonly state: State
  readonly at?: number
}

/** Walks the actor's birth and events after a journal sequence, in order, until `visit` says stop. */
const walk = Effect.fnUntraced(function* (
  journal: JournalService,
  definition: ActorDefinition,
  address: ActorAddress,
  from: number,
  visit: (event: ProjectedEvent, sent: CommitEntry["out"], isTold: boolean) => "go on" | "stop",
  born: (birth: StoredBirth, commit: Commit, sequence: number) => "go on" | "stop" = () => "go on",
): Effect.fn.Return<void, JournalReadError | ActorQuarantined> {
  const last = yield* journal.last(address)
  let after = from
  while (last !== undefined && after < last.sequence) {
    const read = journal.read(address, { after, upTo: last.sequence })
    const page = yield* somePage(read, `${address.key} after ${after}`)
    for (const record of page) {
      const { commit, events } = yield* Effect.try({
        try: () => {
          const commit = decodeCommit(record)
          const events = storedEventsOf(address, record, commit).map(({ stored, as, sent }) => ({
            event: as(readEvent(definition.type, definition.events, stored)),
            sent,
            isTold: stored.told === true,
          }))
          return { commit, events }
        },
        catch: (cause) => asQuarantined(address, record.sequence, cause),
      })
      if (commit.b !== undefined && born(commit.b, commit, record.sequence) === "stop") return
      for (const { event, sent, isTold } of events) if (visit(event, sent, isTold) === "stop") return
      after = record.sequence
    }
  }
})

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
  yield* walk(journal, definition, address, start.sequence, visit, born)
  return {
    ...(birth === undefined || start.version > 0 ? undefined : { birth }),
    events,
    ...(next === undefined ? undefined : { next }),
  }
})

/** The state right after the given version, or as it was at the given time. */
export const stateAt = Effect.fnUntraced(function* (
  journal: JournalService,
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
  let past: PastState = { version: 0, state: before.state }
  // Without input it has no state before its birth.
  let isStateless = needsInput(before.standing)
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
  yield* walk(journal, definition, address, 0, visit, born)
  if (failure !== undefined) return yield* failure
  if (isStateless) return yield* unbornNow(address)
  return { ...past, state: given(past.state) }
})
