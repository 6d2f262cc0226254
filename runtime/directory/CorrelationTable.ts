/**
 * The index of correlations: which commands one request has caused, over all actors, messages, timers and calls.
 *
 * Owns the columns, and which rows a commit makes: one for each of its commands. A command belongs to the correlation of its
 * metadata; without one it begins a correlation, whose id is the id of the command, as messages do that it sends. Rows are
 * kept for a time that is set. Who reads and removes them: Correlations.ts.
 */
import type { Clock } from "effect"
import { addressNamed, InvalidActorKey } from "../address/ActorAddress.ts"
import { type CommitEntry, decodeCommit } from "../commit/Commit.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import { storableJson } from "../json/StorableText.ts"
import type { Column, ProjectedEvent, ProjectionDefinition, RowOf } from "../projection/Projection.ts"

/** Time for which the index keeps what a request has caused, unless the system is started with another: 7 days. */
export const CORRELATIONS_KEPT_MS_DEFAULT = 7 * 24 * 3_600_000

/** Most names of events in a row. */
export const CORRELATION_EVENTS_MAX = 16

/** Places that a commit has in the order of the index: more than commands fit into one. */
const PLACES_PER_COMMIT = 1_024

const columns = {
  correlation: 'text collate "C" not null',
  /** Order of the rows of a correlation: by sequence, then by the command's place in the commit. */
  place: "bigint not null",
  type: "text not null",
  id: "text not null",
  sequence: "bigint not null",
  /** Versions of the command's first and last event; null without an event. */
  first: "bigint",
  last: "bigint",
  command: "text not null",
  cause: "text",
  by: "text",
  trace: "text",
  events: "jsonb not null",
  at: "bigint not null",
} as const satisfies { readonly [name: string]: Column }

export type CorrelationRow = RowOf<typeof columns>

type RowEvent = { readonly type: typeof ENTRY; readonly row: CorrelationRow }

/** Type of the event that stands for a command of a commit. */
const ENTRY = "everstate.entry"

/** Name of the index' projection. No other projection of a system may have it. */
export const CORRELATION_TABLE_NAME = "everstate_correlations"

/** The index as a projection that leaves out what is older than rows are kept. */
export const correlationTable = (
  keptMs: number,
  clock: Clock.Clock,
): ProjectionDefinition<CorrelationRow> => ({
  name: CORRELATION_TABLE_NAME,
  version: 1,
  from: [],
  onError: "deadLetter",
  readCommit: (record, shardCount) => eventsOf(record, shardCount, clock.currentTimeMillisUnsafe() - keptMs),
  form: {
    kind: "fold",
    table: {
      name: "correlations",
      columns,
      primaryKey: ["correlation", "place"],
      indexes: [`using brin ("at")`],
    },
    key: ({ event }) => {
      const { correlation, place } = (event as RowEvent).row
      return { correlation, place }
    },
    fold: (_, { event }) => (event as RowEvent).row,
  },
})

/** Throws CommitUnreadable, InvalidActorKey. */
const eventsOf = (
  record: JournalRecord,
  shardCount: number,
  sinceMs: number,
): ReadonlyArray<ProjectedEvent> => {
  const address = addressNamed(record.key, shardCount)
  if (address === undefined) throw new InvalidActorKey({ key: record.key })
  const { at, first, entries } = decodeCommit(record)
  if (at < sinceMs) return []
  const { type, id } = address
  const { sequence } = record
  let next = first
  return entries.slice(0, PLACES_PER_COMMIT).map((entry, index): ProjectedEvent => {
    const version = next
    next += entry.ev.length
    const row: CorrelationRow = {
      ...aboutEntry(entry),
      place: sequence * PLACES_PER_COMMIT + index,
      type,
      id,
      sequence,
      first: entry.ev.length === 0 ? null : version,
      last: entry.ev.length === 0 ? null : next - 1,
      at,
    }
    const event: RowEvent = { type: ENTRY, row }
    const { c: commandId, m: metadata = {} } = entry
    return storableJson({ actorType: type, id, version, sequence, at, commandId, metadata, event })
  })
}

/** The id as the index keeps it: its first 256 characters, because Postgres bounds the entries of an index. */
export const correlationKey = (id: string): string =>
  id.length <= CORRELATION_ID_LENGTH_MAX ? id : id.slice(0, CORRELATION_ID_LENGTH_MAX).toWellFormed()

/** Longest correlation id in the index, in UTF-16 code units. */
const CORRELATION_ID_LENGTH_MAX = 256

const aboutEntry = ({ c, m, ev }: CommitEntry) => ({
  correlation: correlationKey(m?.correlationId ?? c),
  command: c,
  cause: m?.causationId ?? null,
  by: m?.user ?? null,
  trace: m?.trace ?? null,
  events: ev.slice(0, CORRELATION_EVENTS_MAX).map(({ t }) => t),
})
