/**
 * Checks a journal record by record: every commit can be read, is for an actor that can exist, is in the
 * partition of its actor's shard, and continues the versions of its actor.
 *
 * Owns the rules. It keeps the last version of each actor, about 100 bytes for each.
 */
import { addressNamed } from "../../runtime/address/ActorAddress.ts"
import { CommitUnreadable, decodeCommit, eventCount } from "../../runtime/commit/Commit.ts"
import type { JournalRecord } from "../../runtime/journal/Journal.ts"
import { partitionOfSequence, partitionOfShard } from "../../runtime/journal/Partition.ts"

/** Faults that are listed; further ones are counted. */
export const FAULTS_LISTED_MAX = 100

export interface JournalFault {
  readonly sequence: number
  readonly key: string
  readonly what: string
}

export interface AuditReport {
  readonly recordCount: number
  readonly eventCount: number
  readonly actorCount: number
  readonly faultCount: number
  /** The first {@link FAULTS_LISTED_MAX}. */
  readonly faults: ReadonlyArray<JournalFault>
}

export class JournalAudit {
  readonly #shardCount: number
  readonly #partitionCount: number
  readonly #versions = new Map<string, number>()
  readonly #faults: Array<JournalFault> = []
  #recordCount = 0
  #eventCount = 0
  #faultCount = 0

  constructor(layout: { readonly shardCount: number; readonly partitionCount: number }) {
    this.#shardCount = layout.shardCount
    this.#partitionCount = layout.partitionCount
  }

  /** Checks the next record of its partition. */
  check(record: JournalRecord): void {
    this.#recordCount++
    const { key, sequence } = record
    const address = addressNamed(key, this.#shardCount)
    if (address === undefined) return this.#fault(record, "no actor can have this key")
    const partition = partitionOfSequence(sequence, this.#partitionCount)
    if (partition !== partitionOfShard(address.shard, this.#partitionCount)) {
      this.#fault(record, `it is in partition ${partition}, and its actor is in another one`)
    }
    try {
      const commit = decodeCommit(record)
      const count = eventCount(commit)
      const known = this.#versions.get(key)
      const expected = known === undefined ? 1 : known + 1
      if (commit.first !== expected) {
        this.#fault(record, `its first version is ${commit.first}, and ${expected} comes next`)
      }
      this.#eventCount += count
      this.#versions.set(key, commit.first + count - 1)
    } catch (error) {
      if (!(error instanceof CommitUnreadable)) throw error
      this.#fault(record, `it cannot be read (${error.reason}): ${error.detail}`)
    }
  }

  report(): AuditReport {
    return {
      recordCount: this.#recordCount,
      eventCount: this.#eventCount,
      actorCount: this.#versions.size,
      faultCount: this.#faultCount,
      faults: this.#faults,
    }
  }

  #fault({ sequence, key }: JournalRecord, what: string): void {
    this.#faultCount++
    if (this.#faults.length < FAULTS_LISTED_MAX) this.#faults.push({ sequence, key, what })
  }
}
