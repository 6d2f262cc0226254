/**
 * The cluster's records, as this node reads and writes them.
 *
 * Owns the way between the store (Leases.ts) and the records that this node has seen (SeenRecords.ts). A list of all records
 * may be old and is corrected by the store's leader. A hint comes before the write that it announces. After a conflict the
 * record is read again.
 */
import { type Clock, Effect } from "effect"
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { LeaseHint, LeasesService, LeasesUnavailable } from "./Leases.ts"
import { SeenRecords } from "./SeenRecords.ts"
import { StrayRecords } from "./StrayRecords.ts"

/** Records that the store's leader is asked for at once. */
const ASKED_AT_ONCE_MAX = 8

/** Hints that are followed one by one; when more have come, all records are read. */
const HINTS_MAX = 32

/** Pauses before a record is asked for that was hinted at and is not there yet, in milliseconds. */
const HINTED_PAUSES_MS: ReadonlyArray<number> = [0, 4, 8, 16, 32, 64]

export class Records {
  readonly seen: SeenRecords
  readonly #leases: LeasesService
  readonly #strays: StrayRecords
  readonly #clock: Clock.Clock
  readonly #listEveryMs: number
  #listedAtMs = Number.NEGATIVE_INFINITY
  /** What others write, by key; undefined: there may be more than was hinted at. */
  #hints: Map<string, LeaseHint> | undefined

  /** All records are read once in `listEveryMs` milliseconds at least, whatever the hints say. */
  constructor(leases: LeasesService, clock: Clock.Clock, listEveryMs: number, seen = new SeenRecords()) {
    this.seen = seen
    this.#leases = leases
    this.#strays = new StrayRecords(leases)
    this.#clock = clock
    this.#listEveryMs = listEveryMs
  }

  /** When all records were read last, in monotonic milliseconds. */
  get listedAtMs(): number {
    return this.#listedAtMs
  }

  hinted(hint: LeaseHint): void {
    this.#hints?.set(hint.key, hint)
  }

  /** The next look is at all records. */
  doubt(): void {
    this.#hints = undefined
  }

  /** Looks at what was hinted at, or at everything. */
  readonly refresh: Effect.Effect<void, LeasesUnavailable> = Effect.suspend(() => {
    const hints = this.#hints
    const isListDue = this.#nowMs - this.#listedAtMs >= this.#listEveryMs
    const mustList = hints === undefined || hints.size > HINTS_MAX || isListDue
    // Hints that come from now on may announce writes that this read does not see.
    this.#hints = new Map()
    const read = mustList ? this.#list : this.#forEach([...hints.values()], this.#lookAfter)
    return Effect.tapError(read, () => Effect.sync(() => this.doubt()))
  })

  get #list(): Effect.Effect<void, LeasesUnavailable> {
    return Effect.flatMap(this.#leases.all, (listed) => {
      const nowMs = this.#nowMs
      const records = this.#strays.known(listed)
      for (const record of records) this.seen.apply(record, nowMs)
      this.seen.listed()
      this.#listedAtMs = nowMs
      // The list may be old, or the store may have lost records: ask its leader about each difference.
      const looks = this.#forEach(this.seen.unlike(records), this.look)
      return Effect.andThen(looks, this.#strays.settle(records))
    })
  }

  /** Looks at one record, as the store's leader knows it. */
  readonly look = (key: string): Effect.Effect<void, LeasesUnavailable> =>
    Effect.map(this.#leases.get(key), (found) => this.seen.correct(key, found, this.#nowMs))

  /** Waits for the write that a hint announces; a write that does not come soon was refused, or is seen by a later look. */
  readonly #lookAfter = ({ key, after }: LeaseHint): Effect.Effect<void, LeasesUnavailable> =>
    Effect.gen({ self: this }, function* () {
      for (const pauseMs of HINTED_PAUSES_MS) {
        if (this.seen.revisionOf(key) > after) return
        if (pauseMs > 0) yield* Effect.sleep(pauseMs)
        yield* this.look(key)
      }
    })

  /** Writes over the revision that was seen. False: another member was faster; its record is seen now. */
  readonly write = (key: string, value: unknown): Effect.Effect<boolean, LeasesUnavailable> =>
    this.#leases.write(key, value, this.seen.revisionOf(key)).pipe(
      Effect.map((revision) => this.seen.apply({ key, revision, value }, this.#nowMs)),
      Effect.as(true),
      Effect.catchTag("LeaseConflict", () => Effect.as(this.look(key), false)),
    )

  /** Removes the revision that was seen. False: another member was faster. The record is read either way. */
  readonly remove = (key: string): Effect.Effect<boolean, LeasesUnavailable> =>
    this.#leases.remove(key, this.seen.revisionOf(key)).pipe(
      Effect.as(true),
      Effect.catchTag("LeaseConflict", () => Effect.succeed(false)),
      Effect.tap(() => this.look(key)),
    )

  #forEach<A>(
    items: ReadonlyArray<A>,
    work: (item: A) => Effect.Effect<void, LeasesUnavailable>,
  ): Effect.Effect<void, LeasesUnavailable> {
    return Effect.forEach(items, work, { concurrency: ASKED_AT_ONCE_MAX, discard: true })
  }

  get #nowMs(): number {
    return monotonicMs(this.#clock)
  }
}
