/**
 * Records of the lease store that this release does not know: put there by hand, by mistake, or by a newer release.
 *
 * Owns what becomes of them: they are ignored and told of once. Records of an unknown kind are removed where there are
 * more of them than any release would write, since every member reads all records again and again. A slot's record that
 * is out of its bounds stays until the slot's next owner writes over it. What is in bounds: Member.ts, SeenRecords.ts.
 */
import { Effect } from "effect"
import type { LeaseRecord, LeasesService } from "./Leases.ts"
import { subjectOfKey } from "./Member.ts"
import { isSlot } from "./SeenRecords.ts"

/** Records of unknown kinds that are left alone: a newer release may need them. It must not write more. */
export const STRAYS_LEFT_MAX = 1_000

/** Records that are removed after one reading of all, and at once. */
const REMOVED_PER_LIST_MAX = 500
const REMOVED_AT_ONCE_MAX = 32

/** How long a removed record is still listed, in milliseconds: no member holds an old revision of it. */
const REMOVED_KEPT_MS = 1_000

/** Slots whose records are told of by name. */
const NAMED_MAX = 100

export class StrayRecords {
  readonly #leases: LeasesService
  readonly #named = new Set<string>()
  /** Records of unknown kinds at the last reading, the oldest first. */
  #strays: ReadonlyArray<LeaseRecord> = []
  #isTold = false
  #isRemovalTold = false

  constructor(leases: LeasesService) {
    this.#leases = leases
  }

  /** The records that are of a known kind. */
  known(records: ReadonlyArray<LeaseRecord>): ReadonlyArray<LeaseRecord> {
    const isKnown = ({ key }: LeaseRecord) => subjectOfKey(key) !== undefined
    this.#strays = records
      .filter((record) => record.value !== undefined && !isKnown(record))
      .sort((left, right) => left.revision - right.revision)
    return records.filter(isKnown)
  }

  /** Tells of what was new in the last reading, and removes what is too much. */
  settle(records: ReadonlyArray<LeaseRecord>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (const record of records) yield* this.#tellOfSlot(record)
      const [first] = this.#strays
      if (first === undefined) return
      const removable = this.#strays.slice(0, Math.max(0, this.#strays.length - STRAYS_LEFT_MAX))
      if (removable.length === 0) {
        if (!this.#isTold) yield* Effect.logWarning(`${this.#found(first)}: they are ignored.`)
        this.#isTold = true
        this.#isRemovalTold = false
        return
      }
      if (!this.#isRemovalTold) {
        yield* Effect.logError(
          `${this.#found(first)}: they are ignored, and removed until ${STRAYS_LEFT_MAX} are left. Find out what writes them.`,
        )
      }
      this.#isTold = true
      this.#isRemovalTold = true
      // Another member may be faster, and the store may be away: the next reading shows what is left.
      yield* Effect.forEach(
        removable.slice(0, REMOVED_PER_LIST_MAX),
        ({ key, revision }) => Effect.ignore(this.#leases.remove(key, revision, REMOVED_KEPT_MS)),
        { concurrency: REMOVED_AT_ONCE_MAX, discard: true },
      )
    })
  }

  #found({ key }: LeaseRecord): string {
    return `The lease store has records of unknown kinds (${this.#strays.length}, ${key} for one)`
  }

  #tellOfSlot({ key, value }: LeaseRecord): Effect.Effect<void> {
    const isGood = value === undefined || subjectOfKey(key)?.kind !== "slot" || isSlot(value)
    if (isGood || this.#named.has(key) || this.#named.size >= NAMED_MAX) return Effect.void
    this.#named.add(key)
    return Effect.logError(
      `Record ${key} of the lease store is out of its bounds (${JSON.stringify(value)?.slice(0, 100)}): it is ignored, and the slot's owner writes over it.`,
    )
  }
}
