/**
 * A journal record as a projection takes it: its events, upcasted, and those that nobody here can read.
 *
 * Owns the way from bytes to {@link ProjectedEvent}. Who asks: ProjectionFeed.ts.
 */
import { addressFromKey } from "../address/ActorAddress.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { readEvent, type StoredEvent } from "../definition/Event.ts"
import { type CommitEntry, decodeCommit } from "../journal/Commit.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import type { ProjectedEvent } from "./Projection.ts"
import type { ProjectionDeadLetter } from "./ReadModel.ts"

export interface DecodedRecord {
  readonly sequence: number
  /** Size of the record in the journal. */
  readonly bytes: number
  readonly events: ReadonlyArray<ProjectedEvent>
  /** In the order of the record; each holds the stored payload as it is. */
  readonly unreadable: ReadonlyArray<ProjectionDeadLetter>
}

/** Type of the stand-in event of a record that is no commit at all. */
const UNREADABLE_COMMIT = "UnreadableCommit"

/** Never throws: what cannot be read is in `unreadable`, with the reason. */
export const decodeRecord = (
  actors: ReadonlyMap<string, ActorDefinition>,
  shardCount: number,
  record: JournalRecord,
): DecodedRecord => {
  const { sequence } = record
  const bytes = record.data.length
  const { type: actorType, id } = addressFromKey(record.key, shardCount)
  const actor = actors.get(actorType)
  const events: Array<ProjectedEvent> = []
  const unreadable: Array<ProjectionDeadLetter> = []
  if (actor === undefined) return { sequence, bytes, events, unreadable }
  const projected = (version: number, at: number, entry: CommitEntry, event: ProjectedEvent["event"]) => ({
    actorType,
    id,
    version,
    sequence,
    at,
    commandId: entry.c,
    metadata: entry.m ?? {},
    event,
  })
  try {
    const commit = decodeCommit(record)
    let version = commit.first
    for (const entry of commit.entries) {
      for (const stored of entry.ev) {
        try {
          events.push(projected(version, commit.at, entry, readEvent(actorType, actor.events, stored)))
        } catch (cause) {
          unreadable.push({
            event: projected(version, commit.at, entry, storedAsItIs(stored)),
            reason: reasonOf(cause),
          })
        }
        version++
      }
    }
  } catch (cause) {
    const nothingKnown = { c: "", fp: "", ev: [] }
    unreadable.push({
      event: projected(0, 0, nothingKnown, { type: UNREADABLE_COMMIT }),
      reason: reasonOf(cause),
    })
  }
  return { sequence, bytes, events, unreadable }
}

const storedAsItIs = ({ t, v, d }: StoredEvent): ProjectedEvent["event"] => ({
  type: t,
  schemaVersion: v,
  payload: d,
})

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
