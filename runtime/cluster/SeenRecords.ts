/**
 * What a node knows of the lease store: the newest revision of every record that it has seen, and since when.
 *
 * Owns what may be believed: answers may be old and of different ages, so an older revision changes nothing, unless it
 * comes from the store's leader. Who reads: Cluster.ts.
 */
import { NODE_LABEL_PATTERN } from "../definition/OptionChecks.ts"
import { isTime } from "../time/Time.ts"
import type { LeaseRecord } from "./Leases.ts"
import {
  EPOCH_MAX,
  FIRST_RELEASE_READS,
  type MemberRecord,
  type Reads,
  readByEvery,
  type SlotRecord,
  subjectOfKey,
} from "./Member.ts"

export interface Seen<Value> {
  readonly revision: number
  readonly value: Value
  /** Monotonic milliseconds at which this revision was seen first. */
  readonly sinceMs: number
}

export class SeenRecords {
  readonly #records = new Map<string, Seen<unknown>>()
  /** What follows from the members' records; made anew when one of them has changed. */
  #members: ReadonlyMap<string, Seen<MemberRecord>> | undefined
  #readByAll: Reads | undefined
  #isListed = false

  /** Takes a record in; true: it is news. */
  apply({ key, revision, value }: LeaseRecord, nowMs: number): boolean {
    const known = this.#records.get(key)
    if (known !== undefined && known.revision >= revision) return false
    this.#records.set(key, { revision, value, sinceMs: nowMs })
    this.#changed(key)
    return true
  }

  /** The leader's own word, which may say that newer revisions were lost. */
  correct(key: string, record: LeaseRecord | undefined, nowMs: number): void {
    const known = this.#records.get(key)
    if (known === undefined ? record === undefined : record !== undefined && isSame(known, record)) return
    this.#records.delete(key)
    this.#changed(key)
    if (record !== undefined) this.apply(record, nowMs)
  }

  /**
   * Keys of records that were seen, and that a list of all lacks, shows older, or shows with another value: a store that
   * lost its latest writes gives their revisions out again.
   */
  unlike(records: ReadonlyArray<LeaseRecord>): ReadonlyArray<string> {
    const listed = new Map(records.map((record) => [record.key, record]))
    return Array.from(this.#records)
      .filter(([key, known]) => {
        const record = listed.get(key)
        return record === undefined || !isSame(known, record)
      })
      .map(([key]) => key)
  }

  /** A list of all records was taken in, so no member is unknown. */
  get isListed(): boolean {
    return this.#isListed
  }

  /** All records that a list holds were taken in. */
  listed(): void {
    this.#isListed = true
  }

  /** The store has lost what was seen: all of it is to be read anew. */
  clear(): void {
    this.#records.clear()
    this.#isListed = false
    this.#membersChanged()
  }

  revisionOf(key: string): number {
    return this.#records.get(key)?.revision ?? 0
  }

  /** Whether the record has this value; `undefined`: it was removed, or never there. */
  says(key: string, value: unknown): boolean {
    return isSameValue(this.#records.get(key)?.value, value)
  }

  /** Members that were not removed, by id. */
  members(): ReadonlyMap<string, Seen<MemberRecord>> {
    this.#members ??= this.#all("member", isMember)
    return this.#members
  }

  /** Forms that every member reads; before all records were read, those that every release reads. */
  readByAll(): Reads {
    if (!this.#isListed) return FIRST_RELEASE_READS
    this.#readByAll ??= readByEvery(Array.from(this.members().values(), ({ value }) => value))
    return this.#readByAll
  }

  slots(): ReadonlyMap<string, Seen<SlotRecord>> {
    return this.#all("slot", isSlot)
  }

  slot(key: string): SlotRecord | undefined {
    const value = this.#records.get(key)?.value
    return isSlot(value) ? value : undefined
  }

  /** Id of the member that an operator wants to have a slot. */
  pins(): ReadonlyMap<string, string> {
    return new Map(Array.from(this.#all("pin", isText), ([slot, { value }]) => [slot, value]))
  }

  /** Actor types that an operator has paused. */
  paused(): ReadonlySet<string> {
    return new Set(this.#all("pause", isTrue).keys())
  }

  #changed(key: string): void {
    if (subjectOfKey(key)?.kind === "member") this.#membersChanged()
  }

  #membersChanged(): void {
    this.#members = undefined
    this.#readByAll = undefined
  }

  #all<Value>(kind: string, isValue: (value: unknown) => value is Value): ReadonlyMap<string, Seen<Value>> {
    const found = new Map<string, Seen<Value>>()
    for (const [key, seen] of this.#records) {
      const subject = subjectOfKey(key)
      if (subject?.kind === kind && isValue(seen.value)) found.set(subject.name, seen as Seen<Value>)
    }
    return found
  }
}

// A record of another shape was written by a later release, or by hand. This node does not place what it names.
const isMember = (value: unknown): value is MemberRecord =>
  hasFields(value) &&
  value["v"] === 1 &&
  isText(value["name"]) &&
  (value["state"] === "up" || value["state"] === "drained" || value["state"] === "leaving") &&
  typeof value["weight"] === "number" &&
  value["weight"] > 0 &&
  hasFields(value["types"]) &&
  Object.values(value["types"]).every(hasFields) &&
  isText(value["version"]) &&
  isTime(value["startedAt"]) &&
  (value["typeLabels"] === undefined ||
    (hasFields(value["typeLabels"]) && Object.values(value["typeLabels"]).every(isLabel))) &&
  (value["reads"] === undefined || isReads(value["reads"])) &&
  [value["labels"], value["runs"], value["unfit"]].every(isTexts)
// It becomes a token of a subject.
const isLabel = (value: unknown): boolean => isText(value) && NODE_LABEL_PATTERN.test(value)
const isReads = (value: unknown): boolean =>
  hasFields(value) &&
  isCount(value["commit"]) &&
  value["commit"] > 0 &&
  isCount(value["deliver"]) &&
  isCount(value["watch"] ?? 0)
export const isSlot = (value: unknown): value is SlotRecord =>
  hasFields(value) &&
  isCount(value["e"]) &&
  value["e"] <= EPOCH_MAX &&
  isCount(value["n"]) &&
  (value["m"] === undefined || isText(value["m"]))
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isText = (value: unknown): value is string => typeof value === "string"
const isTrue = (value: unknown): value is true => value === true
const hasFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null

const isSame = (known: Seen<unknown>, { revision, value }: LeaseRecord): boolean =>
  known.revision === revision && isSameValue(known.value, value)

const isSameValue = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
