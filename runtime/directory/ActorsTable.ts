/**
 * The table of the directory: one row for each actor of the system, filled from the commits of the journal.
 *
 * Owns the columns, and what a commit makes of a row. It is a folded projection like any other, with one difference: it
 * reads commits instead of events, of all actor types, because a commit names the state that it leads to. So no machine
 * runs, and a node fills the rows of types that it does not host. Who reads the table: ActorDirectory.ts. Rows whose
 * commits name no state are filled by ../system/DirectoryFill.ts.
 */
import { addressNamed, InvalidActorKey } from "../address/ActorAddress.ts"
import { type Commit, type DirectoryPart, decodeCommit, eventCount } from "../commit/Commit.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import { storableJson, storableText } from "../json/StorableText.ts"
import type { Column, ProjectedEvent, ProjectionDefinition, RowOf } from "../projection/Projection.ts"

/** Longest state name in the directory, in UTF-16 code units, because Postgres bounds the entries of an index. */
export const DIRECTORY_STATE_LENGTH_MAX = 600

/** Ends a state name that was cut. */
const ELLIPSIS = "…"

const columns = {
  type: 'text collate "C" not null',
  id: 'text collate "C" not null',
  /** Compact name of the state; null while it is not known. */
  state: 'text collate "C"',
  done: "boolean not null",
  failed: "boolean not null",
  version: "bigint not null",
  sequence: "bigint not null",
  created: "bigint not null",
  updated: "bigint not null",
  /** Columns of the definition; null without any. */
  columns: "jsonb",
  /** Version of the definition's columns; null without any. */
  columns_version: "integer",
} as const satisfies { readonly [name: string]: Column }

/** The row of one actor in the directory's table. */
export type ActorRow = RowOf<typeof columns>

/** What a commit says of its actor. */
type CommitSeen = {
  readonly type: typeof COMMIT
  readonly state: string | undefined
  readonly done: boolean
  readonly failed: boolean
  readonly columns: DirectoryPart | undefined
  /** Whether the actor is born in this commit or was before: it has an event, or the commit tells of its birth. */
  readonly isBorn: boolean
}

/** Type of the event that stands for a commit. */
const COMMIT = "everstate.commit"

/** The state's name as the directory keeps it. */
export const listedState = (name: string): string => {
  const text = storableText(name)
  if (text.length <= DIRECTORY_STATE_LENGTH_MAX) return text
  return storableText(text.slice(0, DIRECTORY_STATE_LENGTH_MAX - 1)) + ELLIPSIS
}

/** The commit as one event. Throws CommitUnreadable, InvalidActorKey. */
const readCommit = (record: JournalRecord, shardCount: number): ReadonlyArray<ProjectedEvent> => {
  const address = addressNamed(record.key, shardCount)
  if (address === undefined) throw new InvalidActorKey({ key: record.key })
  const commit = decodeCommit(record)
  const event: CommitSeen = {
    type: COMMIT,
    state: commit.s === undefined ? undefined : listedState(commit.s),
    done: commit.done === true,
    failed: commit.failed === true,
    columns: commit.d,
    isBorn: commit.b !== undefined || versionAfter(commit) > 0,
  }
  return [
    {
      actorType: address.type,
      id: address.id,
      version: versionAfter(commit),
      sequence: record.sequence,
      at: commit.at,
      commandId: commit.entries.at(-1)?.c ?? "",
      metadata: {},
      event: storableJson(event),
    },
  ]
}

const versionAfter = (commit: Commit): number => commit.first - 1 + eventCount(commit)

/** Name of the directory's projection. No other projection of a system may have it. */
export const ACTORS_TABLE_NAME = "everstate_actors"

/**
 * The directory's table as a projection: pass it to `waitFor` to read your own writes, and to `tableOf` for queries of
 * your own.
 */
export const ActorsTable: ProjectionDefinition<ActorRow> = {
  name: ACTORS_TABLE_NAME,
  version: 1,
  from: [],
  onError: "deadLetter",
  readCommit,
  form: {
    kind: "fold",
    table: {
      name: "actors",
      columns,
      primaryKey: ["type", "id"],
      indexes: [
        `"type", "state", "updated"`,
        `using gin ("columns" jsonb_path_ops) where "columns" is not null`,
      ],
    },
    key: ({ actorType, id }) => ({ type: actorType, id }),
    fold: (row, { actorType, id, version, sequence, at, event }) => {
      const { state, done, failed, columns: found, isBorn } = event as CommitSeen
      // Only a receipt is stored for a message that an actor refused before it was born.
      if (row === undefined && !isBorn) return undefined
      return {
        type: actorType,
        id,
        state: state ?? null,
        done,
        failed,
        version,
        sequence,
        created: row?.["created"] ?? at,
        updated: at,
        columns: found?.c ?? null,
        columns_version: found?.v ?? null,
      } satisfies { readonly [Name in keyof ActorRow]: unknown }
    },
  },
}
