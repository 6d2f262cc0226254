/**
 * Reads a shard's journal for its outbox: from where its former owner stopped, what that owner left and may
 * still write, and commits whose acknowledgement was lost.
 *
 * Owns the reading. Which part to read: ShardOutbox.ts. When: OutboxSweep.ts. Where to begin:
 * TakeoverNote.ts. Sending.ts sends.
 */
import { Effect } from "effect"
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import type { CheckpointsService } from "../checkpoint/Checkpoints.ts"
import { type Commit, CommitUnreadable, decodeCommit, ERA_MIN, eraOf } from "../commit/Commit.ts"
import { carryingOf, itemsOf, type PlacedItem } from "../commit/PlacedItem.ts"
import { invariant } from "../invariant/Invariant.ts"
import type { JournalRecord, JournalService } from "../journal/Journal.ts"
import type { ShardPages } from "../journal/ShardPages.ts"
import { waitsFor } from "./Dispatcher.ts"
import type { Sending } from "./Sending.ts"
import type { ShardOutbox } from "./ShardOutbox.ts"
import {
  type CommitMark,
  legacyPositionName,
  takeoverNoteIn,
  takeoverNoteName,
  takeoverPoint,
} from "./TakeoverNote.ts"

/**
 * Largest range of sequences before a shard's end in which a commit with a mark is looked for, and the factor
 * by which a range without one is widened.
 */
const MARK_LOOKED_FOR_MAX = 32_768
const MARK_SPAN_FACTOR = 8

export interface ReadingOptions {
  readonly journal: JournalService
  readonly pages: ShardPages
  readonly checkpoints: CheckpointsService
  readonly sending: Sending
  readonly shardCount: number
  /** Lease time. An append of a former owner may be stored for twice this time after its lease has ended. */
  readonly leaseMs: number
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  /** A shard of this node has a commit with a higher epoch: another node wrote it. */
  readonly overtaken: (shardIndex: number) => void
}

export type Reading = ReturnType<typeof makeReading>

export const makeReading = ({
  journal,
  pages,
  checkpoints,
  sending,
  shardCount,
  leaseMs,
  nowMs,
  overtaken,
}: ReadingOptions) => {
  const itemsIn = (shard: ShardOutbox, from: ActorAddress, { sequence }: JournalRecord, commit: Commit) => {
    const { at, epoch } = commit
    const era = eraOf(commit)
    const source = { source: shard.slot, era }
    return { epoch, era, items: itemsOf(from, sequence, at, carryingOf(commit), source) }
  }

  /** Whether this owner wrote the commit. A commit of format 1 carries its epoch in place of an era. */
  const isOf = (shard: ShardOutbox, era: number, sequence: number): boolean =>
    era === shard.era || (era === shard.epoch && sequence > shard.takenAt)

  /** `decoded`: the commit in the record, if it has been read already. */
  const recoverOne = (shard: ShardOutbox, record: JournalRecord, decoded?: Commit): void => {
    try {
      const from = addressFromKey(record.key, shardCount)
      if (!shard.types.has(from.type)) return
      const { epoch, era, items } = itemsIn(shard, from, record, decoded ?? decodeCommit(record))
      if (epoch > shard.epoch) overtaken(shard.shardIndex)
      const isOwn = isOf(shard, era, record.sequence)
      // The cell reported this owner's commit, unless the acknowledgement was lost or the commit was left to
      // the journal.
      if (isOwn && !shard.isUntold(record.key, record.sequence)) return
      sending.counts.recoveredCount++
      if (items.length === 0) return shard.watermark.saw(record.sequence)
      if (!sending.hasRoom()) return shard.leave(record.sequence)
      const commit = shard.beginFound(record.sequence, items.length)
      if (commit !== undefined) sending.send(shard, commit, items, !isOwn)
    } catch (cause) {
      // The actor is quarantined and reports it, or the key names no actor; the items of this commit are
      // unknown. Every error is caught, because a record that stopped this loop would keep all later records
      // of its shard from being sent. A newer node can read a newer format and sends it, so the commit is
      // begun and never finished: it holds back the watermark.
      if (cause instanceof CommitUnreadable && cause.reason === "NewerFormat")
        shard.beginFound(record.sequence, 1)
    }
  }

  /** Reads the shard's journal as far as needed and as far as there is room. */
  const readOn = (shard: ShardOutbox) =>
    Effect.gen(function* () {
      if (shard.toRead(nowMs()) === undefined) return
      const askedAtMs = nowMs()
      const end = yield* journal.lastOfShard(shard.shard)
      while (yield* readPage(shard, end, askedAtMs));
    })

  /** Reads a page of a journal that ended at `end` when it was asked. True: there may be more. */
  const readPage = Effect.fnUntraced(function* (shard: ShardOutbox, end: number, askedAtMs: number) {
    const after = shard.toRead(nowMs())
    if (after === undefined || !sending.hasRoom()) return false
    if (after >= end) {
      shard.readToEnd(end, askedAtMs)
      return false
    }
    const { records, upTo } = yield* pages({ shard: shard.shard, after, upTo: end })
    let before = after
    for (const record of records) {
      const { key, sequence } = record
      invariant(sequence > before, "readingAdvances", () => ({ key, sequence, before }))
      before = sequence
      recoverOne(shard, record)
    }
    // Commits that did not fit are read again: the next read starts before them.
    shard.read(Math.min(upTo, shard.leftAfter))
    return true
  })

  /** The records of a shard between two sequences, both included. */
  const readBetween = Effect.fnUntraced(function* (shard: number, from: number, upTo: number) {
    const records: Array<JournalRecord> = []
    for (let after = from - 1; after < upTo; ) {
      const page = yield* pages({ shard, after, upTo })
      records.push(...page.records)
      after = page.upTo
    }
    return records
  })

  /** Sends some items of former commits again. */
  const sendAgain = (
    shard: ShardOutbox,
    records: ReadonlyArray<JournalRecord>,
    isWanted: (placed: PlacedItem) => boolean,
  ): void => {
    for (const record of records) {
      try {
        const from = addressFromKey(record.key, shardCount)
        const items = itemsIn(shard, from, record, decodeCommit(record)).items.filter(isWanted)
        if (items.length === 0) continue
        const commit = shard.begin(record.sequence, items.length)
        sending.send(shard, commit, items, true)
      } catch {
        // Its actor is quarantined and says so.
      }
    }
  }

  /** The mark in a commit of the shard; `undefined` for a commit that does not say where to begin. */
  const markIn = (shard: ShardOutbox, record: JournalRecord): CommitMark | "none" | undefined => {
    if (!shard.types.has(addressFromKey(record.key, shardCount).type)) return undefined
    try {
      const commit = decodeCommit(record)
      const { epoch, w } = commit
      const era = eraOf(commit)
      if (w !== undefined) return { epoch, era, settled: w }
      // The commit's owner did not know yet where to begin, or the commit is of a node of the first release.
      return era < ERA_MIN ? "none" : undefined
    } catch {
      return "none"
    }
  }

  /**
   * The mark of the shard's last commit that has one. `"unmarked"`: all commits of the shard are of later
   * releases, and none has a mark.
   */
  const lastMark = Effect.fnUntraced(function* (shard: ShardOutbox, end: number) {
    for (let span = 1; end > 0 && span <= MARK_LOOKED_FOR_MAX; span *= MARK_SPAN_FACTOR) {
      const from = Math.max(1, end - span + 1)
      // Always read up to the end, which is a commit of the shard: an empty range looks like a server that
      // lags behind.
      const records = yield* readBetween(shard.shard, from, end)
      for (const record of records.toReversed()) {
        const mark = markIn(shard, record)
        if (mark !== undefined) return mark === "none" ? undefined : mark
      }
      if (from === 1) return "unmarked" as const
    }
    return undefined
  })

  /** Finds where the former owner stopped. */
  const start = (shard: ShardOutbox) =>
    Effect.gen(function* () {
      const note = takeoverNoteIn(yield* checkpoints.note(takeoverNoteName(shard.slot)), shard.slot)
      const legacyPosition = yield* checkpoints.position(legacyPositionName(shard.slot))
      const end = yield* journal.lastOfShard(shard.shard)
      const { after, parked, owed } = takeoverPoint(end, note, yield* lastMark(shard, end), legacyPosition)
      const owedRecords = yield* Effect.forEach(owed, ({ sequence }) =>
        readBetween(shard.shard, sequence, sequence),
      )
      for (const range of parked) shard.exceptions.inherit(range)
      shard.start(after, end, nowMs() + 2 * leaseMs)
      for (const [at, records] of owedRecords.entries()) {
        sendAgain(shard, records, ({ origin }) => origin?.index === owed[at]?.index)
      }
    })

  /** Reads the parked messages that the mailbox has lost from the journal, and sends them again. */
  const parkAgain = Effect.fnUntraced(function* (shard: ShardOutbox) {
    const { lost } = shard.exceptions
    if (lost.length === 0) return
    const ranges = new Map(lost.map(({ range }) => [range.receiver, range]))
    const isLost = (placed: PlacedItem): boolean => {
      const range = ranges.get(waitsFor(placed))
      return range !== undefined && range.from <= placed.sequence && placed.sequence <= range.upTo
    }
    const last = Math.max(...lost.map(({ range }) => range.upTo))
    const end = yield* journal.lastOfShard(shard.shard)
    let after = Math.min(...lost.map(({ range }) => range.from)) - 1
    while (after < Math.min(last, end)) {
      const { records, upTo } = yield* pages({ shard: shard.shard, after, upTo: end })
      sendAgain(shard, records, isLost)
      after = upTo
    }
    for (const { sentAgain } of lost) sentAgain()
  })

  return { recoverOne, readOn, start, parkAgain }
}
