/**
 * Folds one actor from the journal alone, up to its newest commit or up to a moment of the past.
 *
 * Owns the fold that operators read: state, timers, calls, and requests without an answer. It needs neither
 * the actor's owner nor a snapshot, so every node gives the same result. Memory is bounded by one page of
 * records. The fold of actors in memory: ../cell/Recovery.ts. Who uses it: PendingWork.ts and DryRun.ts.
 */
import { Effect } from "effect"
import { type ActorAddress, addressNamed } from "../address/ActorAddress.ts"
import { ActorQuarantined } from "../cell/AskError.ts"
import { applyRecord, asQuarantined, type Confirmed, unborn } from "../cell/Fold.ts"
import { type Commit, CommitUnreadable, decodeCommit } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AnyEvent } from "../event/Event.ts"
import type { JournalReadError, JournalRecord, JournalService } from "../journal/Journal.ts"
import { somePage } from "../journal/RecordPage.ts"
import { ANSWERED } from "../message/Outgoing.ts"
import { boundOf, type InvalidMoment, type PastMoment } from "./PastMoment.ts"

/** A request of the actor whose answer has not come. */
export interface OpenRequest {
  /** Name that the actor gave to the request. */
  readonly name: string
  readonly to: { readonly type: string; readonly id: string }
  readonly command: AnyEvent
  /** Journal sequence of the commit that made the request. */
  readonly sequence: number
  /** Time of that commit, Unix milliseconds. */
  readonly at: number
}

/** The actor as far as the journal could be folded. */
export interface PastFold {
  readonly confirmed: Confirmed
  readonly requests: ReadonlyArray<OpenRequest>
  /** Why the fold ended before the moment: this code cannot read or apply the next record. */
  readonly quarantine: ActorQuarantined | undefined
}

/** Folds the actor up to `moment`; without one, up to its newest commit. */
export const foldActor = Effect.fnUntraced(function* (
  journal: JournalService,
  definition: ActorDefinition,
  address: ActorAddress,
  moment: PastMoment | undefined,
): Effect.fn.Return<PastFold, JournalReadError | InvalidMoment | ActorQuarantined> {
  const bound = moment === undefined ? undefined : yield* boundOf(moment)
  const fold = new Fold(
    definition,
    address,
    yield* Effect.try({
      try: () => unborn(definition, address.id),
      catch: (cause) => asQuarantined(address, 0, cause),
    }),
  )
  const last = yield* journal.last(address)
  let after = 0
  while (last !== undefined && after < last.sequence) {
    const read = journal.read(address, { after, upTo: last.sequence })
    const page = yield* somePage(read, `${address.key} after ${after}`)
    for (const record of page) {
      const kept = bound === undefined ? record : partUpTo(record, bound)
      const isOver = kept === undefined || !fold.apply(kept) || kept !== record
      if (isOver) return fold.result
      after = record.sequence
    }
  }
  return fold.result
})

class Fold {
  readonly #definition: ActorDefinition
  readonly #address: ActorAddress
  #confirmed: Confirmed
  readonly #requests = new Map<string, OpenRequest>()
  #quarantine: ActorQuarantined | undefined

  constructor(definition: ActorDefinition, address: ActorAddress, confirmed: Confirmed) {
    this.#definition = definition
    this.#address = address
    this.#confirmed = confirmed
  }

  /** Applies one record. False: this code cannot, and the fold ends before it. */
  apply(record: JournalRecord): boolean {
    try {
      this.#confirmed = applyRecord(this.#definition, this.#address, this.#confirmed, record)
    } catch (cause) {
      if (!(cause instanceof ActorQuarantined)) throw cause
      this.#quarantine = cause
      return false
    }
    this.#note(decodeCommit(record), record.sequence)
    return true
  }

  /** Notes the requests of a commit, and the answers that it has taken. */
  #note({ at, b, entries }: Commit, sequence: number): void {
    for (const { ev, out } of [{ ev: [], out: b?.out }, ...entries]) {
      for (const { t, d } of ev) {
        if (t === ANSWERED) this.#requests.delete(String((d as { readonly as?: unknown }).as))
      }
      for (const item of out ?? []) {
        const to = item.k === "tell" && item.n !== undefined ? addressNamed(item.to, 1) : undefined
        if (item.k !== "tell" || item.n === undefined || to === undefined) continue
        const { type, id } = to
        this.#requests.set(item.n, { name: item.n, to: { type, id }, command: item.c, sequence, at })
      }
    }
  }

  get result(): PastFold {
    const requests = Array.from(this.#requests.values())
    return { confirmed: this.#confirmed, requests, quarantine: this.#quarantine }
  }
}

/**
 * The record, or its part up to the bound; `undefined` if all of it comes later. A part of an entry keeps
 * its events and loses its items, because the items belong to the entry's last event.
 */
const partUpTo = (record: JournalRecord, bound: PastMoment): JournalRecord | undefined => {
  let commit: Commit
  try {
    commit = decodeCommit(record)
  } catch (cause) {
    if (cause instanceof CommitUnreadable) return record
    throw cause
  }
  if ("time" in bound) return commit.at > Number(bound.time) ? undefined : record
  const { version } = bound
  const { first, b } = commit
  let before = first - 1
  const entries: Array<Commit["entries"][number]> = []
  for (const entry of commit.entries) {
    if (before >= version) break
    const isWhole = before + entry.ev.length <= version
    const { out: _out, ...part } = entry
    entries.push(isWhole ? entry : { ...part, ev: entry.ev.slice(0, version - before) })
    before += entry.ev.length
    if (!isWhole) break
  }
  if (before <= version && entries.length === commit.entries.length) return record
  if (entries.length === 0 && b === undefined) return undefined
  return { ...record, data: new TextEncoder().encode(JSON.stringify({ ...commit, entries })) }
}
