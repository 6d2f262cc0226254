/**
 * A journal record in the form that a projection takes: its upcasted events, and the events that this code
 * cannot read.
 *
 * Owns the way from bytes to {@link ProjectedEvent}. ProjectionFeed.ts calls it.
 */
import { addressNamed, InvalidActorKey } from "../address/ActorAddress.ts"
import { type CommitEntry, decodeCommit } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { type AnyEvent, isInternal, readEvent, type StoredEvent } from "../event/Event.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import { storableJson } from "../json/StorableText.ts"
import { thrownMessage } from "../json/Thrown.ts"
import type { ProjectedEvent, ProjectionDefinition } from "./Projection.ts"
import type { ProjectionDeadLetter } from "./ReadModel.ts"

export interface DecodedRecord {
  readonly sequence: number
  /** Size of the record in the journal. */
  readonly bytes: number
  readonly events: ReadonlyArray<ProjectedEvent>
  /** Events that cannot be read, in record order. Each holds the stored payload unchanged. */
  readonly unreadable: ReadonlyArray<ProjectionDeadLetter>
}

/** Type of the stand-in event for a record that is not a commit. */
const UNREADABLE_COMMIT = "UnreadableCommit"

/**
 * Never throws: an unreadable event is in `unreadable`, with the reason. Journals of earlier releases hold
 * text that no database takes; U+FFFD replaces it.
 */
export const decodeRecord = (
  actors: ReadonlyMap<string, ActorDefinition>,
  shardCount: number,
  record: JournalRecord,
): DecodedRecord => {
  const { sequence } = record
  const bytes = record.data.length
  const [actorType = ""] = record.key.split("/", 1)
  const id = addressNamed(record.key, shardCount)?.id
  const actor = actors.get(actorType)
  const events: Array<ProjectedEvent> = []
  const unreadable: Array<ProjectionDeadLetter> = []
  if (actor === undefined) return { sequence, bytes, events, unreadable }
  try {
    if (id === undefined) throw new InvalidActorKey({ key: record.key })
    for (const { stored, as } of storedEventsOf({ type: actorType, id }, record)) {
      if (isInternal(stored.t)) continue
      try {
        events.push(storableJson(as(readEvent(actorType, actor.events, stored))))
      } catch (cause) {
        unreadable.push({ event: as(storedAsItIs(stored)), reason: thrownMessage(cause) })
      }
    }
  } catch (cause) {
    unreadable.push({ event: unreadableCommit(record, id), reason: thrownMessage(cause) })
  }
  return { sequence, bytes, events, unreadable }
}

/** The same for a read model of the runtime, which reads whole commits. */
export const decodeWhole = (
  readCommit: NonNullable<ProjectionDefinition["readCommit"]>,
  shardCount: number,
  record: JournalRecord,
): DecodedRecord => {
  const { sequence } = record
  const bytes = record.data.length
  try {
    return { sequence, bytes, events: readCommit(record, shardCount), unreadable: [] }
  } catch (cause) {
    const event = unreadableCommit(record, addressNamed(record.key, shardCount)?.id)
    return { sequence, bytes, events: [], unreadable: [{ event, reason: thrownMessage(cause) }] }
  }
}

/** Stands for a record that is not a commit. */
const unreadableCommit = (
  { key, sequence }: JournalRecord,
  id: string | undefined,
): ProjectionDeadLetter["event"] => {
  const [actorType = "", token = ""] = key.split("/", 2)
  const event = { type: UNREADABLE_COMMIT }
  return { actorType, id: id ?? token, version: 0, sequence, at: 0, metadata: {}, event }
}

/** A stored event, and a function that reads it. */
interface StoredInRecord {
  readonly stored: StoredEvent
  readonly as: (event: AnyEvent) => ProjectedEvent
  /** Items of its entry, on the last event of the entry. */
  readonly sent: CommitEntry["out"]
}

/**
 * The events of a record in order, not decoded yet. Throws CommitUnreadable unless its `commit` is passed.
 */
export const storedEventsOf = (
  actor: { readonly type: string; readonly id: string },
  record: JournalRecord,
  commit = decodeCommit(record),
): ReadonlyArray<StoredInRecord> => {
  let next = commit.first
  return commit.entries.flatMap((entry) =>
    entry.ev.map((stored, index) => {
      const version = next++
      const as = (event: AnyEvent): ProjectedEvent => ({
        actorType: actor.type,
        id: actor.id,
        version,
        sequence: record.sequence,
        at: commit.at,
        commandId: entry.c,
        metadata: entry.m ?? {},
        event,
      })
      return { stored, as, sent: index === entry.ev.length - 1 ? (entry.out ?? []) : undefined }
    }),
  )
}

const storedAsItIs = ({ t, v, d }: StoredEvent): AnyEvent => ({
  type: t,
  schemaVersion: v,
  payload: d,
})
