/**
 * Folds one actor from the journal alone, up to its newest commit or up to a moment of the past.
 *
 * Owns the fold that operators read: state, timers, calls, and requests without an answer. It needs neither
 * the actor's owner nor a snapshot, so every node gives the same result. Memory is bounded by one page of
 * records. The fold of actors in memory: ../cell/Recovery.ts. Who uses it: PendingWork.ts and DryRun.ts.
 */
import { Effect } from "effect"
import { type ActorAddress, addressNamed } from "../address/ActorAddress.ts"
import type { ActorQuarantined } from "../cell/AskError.ts"
import { applyRecord, asQuarantined, type Confirmed, unborn } from "../cell/Fold.ts"
import { type Commit, CommitUnreadable, decodeCommit } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AnyEvent } from "../event/Event.ts"
import { forEachPage } from "../journal/ActorPages.ts"
import type { JournalReadError, JournalRecord, JournalService } from "../journal/Journal.ts"
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
  if (last === undefined) return fold.result
  yield* forEachPage(journal, address, { after: 0, upTo: last.sequence }, (page) =>
    Effect.sync(() =>
      page.every((record) => {
        const { parts, isWhole } = bound === undefined ? whole(record) : partsUpTo(record, bound)
        return parts.every((part) => fold.apply(part)) && isWhole
      }),
    ),
  )
  return fold.result
})

class Fold {
  readonly #definition: ActorDefinition
  /** The same without an audit, for a part of an entry. */
  readonly #unaudited: ActorDefinition
  readonly #address: ActorAddress
  #confirmed: Confirmed
  readonly #requests = new Map<string, OpenRequest>()
  #quarantine: ActorQuarantined | undefined

  constructor(definition: ActorDefinition, address: ActorAddress, confirmed: Confirmed) {
    const { audit: _audit, ...unaudited } = definition
    this.#definition = definition
    this.#unaudited = unaudited
    this.#address = address
    this.#confirmed = confirmed
  }

  /** Applies a part of a record. False: this code cannot, and the fold ends before it. */
  apply({ record, isCut }: Part): boolean {
    try {
      const definition = isCut ? this.#unaudited : this.#definition
      const commit = decodeCommit(record)
      this.#confirmed = applyRecord(definition, this.#address, this.#confirmed, record, commit)
      this.#note(commit, record.sequence)
      return true
    } catch (cause) {
      this.#quarantine = asQuarantined(this.#address, record.sequence, cause)
      return false
    }
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

/** A record, or some of its entries as a record. */
interface Part {
  readonly record: JournalRecord
  /** The record is the beginning of one entry, without the items, because they belong to the entry's last event. */
  readonly isCut: boolean
}

interface Parts {
  readonly parts: ReadonlyArray<Part>
  /** Whether the parts are the whole record. */
  readonly isWhole: boolean
}

const whole = (record: JournalRecord): Parts => ({ parts: [{ record, isCut: false }], isWhole: true })

const NOTHING: Parts = { parts: [], isWhole: false }

/** The parts of the record up to the bound: its whole entries, and the beginning of the entry after them. */
const partsUpTo = (record: JournalRecord, bound: PastMoment): Parts => {
  let commit: Commit
  try {
    commit = decodeCommit(record)
  } catch (cause) {
    if (cause instanceof CommitUnreadable) return whole(record)
    throw cause
  }
  if ("time" in bound) return commit.at > Number(bound.time) ? NOTHING : whole(record)
  const { first, entries } = commit
  let version = first - 1
  let wholeCount = 0
  for (const { ev } of entries) {
    if (version >= bound.version || version + ev.length > bound.version) break
    version += ev.length
    wholeCount++
  }
  if (wholeCount === entries.length) return whole(record)
  const next = entries[wholeCount]
  const events = next === undefined ? [] : next.ev.slice(0, Math.max(0, bound.version - version))
  const as = (changes: Partial<Commit>): JournalRecord => {
    const data = new TextEncoder().encode(JSON.stringify({ ...commit, ...changes }))
    return { ...record, data }
  }
  const isBegun = wholeCount > 0 || commit.b !== undefined
  const begun = isBegun ? [{ record: as({ entries: entries.slice(0, wholeCount) }), isCut: false }] : []
  if (next === undefined || events.length === 0) return { parts: begun, isWhole: false }
  const { out: _out, ...entry } = next
  const born = isBegun ? { b: undefined as never } : {}
  const cut = as({ ...born, first: version + 1, entries: [{ ...entry, ev: events }] })
  return { parts: [...begun, { record: cut, isCut: true }], isWhole: false }
}
