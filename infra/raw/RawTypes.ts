/**
 * Which types of actors there are, where no definitions say it: from the records of the nodes, the directory's
 * table, and the journal.
 *
 * Owns finding them, and telling sagas from other actors.
 */
import { Effect } from "effect"
import { ACTOR_TYPE_PATTERN } from "../../runtime/address/ActorAddress.ts"
import type { SeenRecords } from "../../runtime/cluster/SeenRecords.ts"
import { decodeCommit } from "../../runtime/commit/Commit.ts"
import { ActorsTable } from "../../runtime/directory/ActorsTable.ts"
import type { JournalService } from "../../runtime/journal/Journal.ts"
import type { ReadModelService } from "../../runtime/projection/ReadModel.ts"
import { SCHEDULE_TYPE } from "../../runtime/schedule/Schedule.ts"
import { isSagaHosted } from "../../runtime/system/Definitions.ts"
import { findMessage } from "../nats/connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../nats/connection/NatsConnection.ts"
import { recordOf } from "../nats/journal/JournalRead.ts"
import { streamName } from "../nats/journal/JournalSettings.ts"
import { journalSubjectsOf } from "../nats/journal/JournalSubject.ts"

/** Most types that the directory is asked for. */
const TYPES_MAX = 1_000

/** Commits of a type that are looked at, because the first ones may hold no event. */
const COMMITS_LOOKED_MAX = 20

/** Longest wait for one commit, in milliseconds. */
const LOOK_MS = 2_000

/** Event with which the history of a saga begins. Later releases store others before it. */
const SAGA_EVENTS: ReadonlySet<string> = new Set(["SagaRulesSet", "SagaStarted"])

export interface RawType {
  readonly type: string
  /** Label that nodes need for its shards. */
  readonly nodeLabel: string | undefined
  readonly isSaga: boolean
  /** Whether a node says that it hosts the type. */
  readonly isHosted: boolean
}

/** A journal that is open, and the connection to its server. */
export interface RawJournal {
  readonly journal: JournalService
  readonly connection: NatsConnectionService
  readonly shardCount: number
}

interface Sources {
  readonly seen: SeenRecords
  readonly readModel: ReadModelService
  readonly open: RawJournal
  readonly namespace: string
}

/** All types that are known, and `asked` if the journal has commits of that type. */
export const rawTypes = Effect.fnUntraced(function* (sources: Sources, asked: string | undefined) {
  const hosted = hostedIn(sources.seen)
  const listed = yield* listedIn(sources)
  const others = new Set([...listed, ...(asked === undefined ? [] : [asked])])
  const stored = yield* Effect.forEach(
    [...others].filter((type) => !hosted.has(type) && ACTOR_TYPE_PATTERN.test(type)),
    (type) => storedType(sources, type),
    { concurrency: 8 },
  )
  return [...hosted.values(), ...stored.flat()]
    .filter(({ type }) => type !== SCHEDULE_TYPE)
    .sort((left, right) => (left.type < right.type ? -1 : 1))
})

const hostedIn = (seen: SeenRecords): ReadonlyMap<string, RawType> => {
  const found = new Map<string, RawType>()
  for (const { value } of seen.members().values()) {
    for (const [type, versions] of Object.entries(value.types)) {
      if (!ACTOR_TYPE_PATTERN.test(type)) continue
      const nodeLabel = value.typeLabels?.[type]
      found.set(type, { type, nodeLabel, isSaga: isSagaHosted(versions), isHosted: true })
    }
  }
  return found
}

/** Types in the directory; none where there is no directory, or Postgres does not answer. */
const listedIn = ({ readModel }: Sources): Effect.Effect<ReadonlyArray<string>> =>
  readModel.distinct(ActorsTable, { where: [], column: "type", limit: TYPES_MAX }).pipe(
    Effect.map((types) => types.map(String)),
    Effect.orElseSucceed(() => []),
  )

/** The type by its first commits; nothing if there are none. */
const storedType = (
  { open: { journal, connection }, namespace }: Sources,
  type: string,
): Effect.Effect<ReadonlyArray<RawType>> => {
  const { ofType, keyOf } = journalSubjectsOf(namespace)
  const isSagaIn = Effect.fnUntraced(function* (partition: number) {
    const stream = streamName(namespace, journal.partitionCount, partition)
    let isThere = false
    let seq = 1
    for (let count = 0; count < COMMITS_LOOKED_MAX; count++) {
      const query = { next_by_subj: ofType(type), seq }
      const found = yield* findMessage(connection.requests, stream, query, LOOK_MS)
      if (found === undefined) break
      isThere = true
      seq = found.message.seq + 1
      const events = decodeCommit(recordOf({ keyOf }, found)).entries.flatMap(({ ev }) => ev)
      if (events.length > 0) return events.some(({ t }) => SAGA_EVENTS.has(t))
    }
    return isThere ? false : undefined
  })
  return Effect.forEach(
    Array.from({ length: journal.partitionCount }, (_, partition) => partition),
    (partition) =>
      // What cannot be read here is for the verb itself to report.
      Effect.catchCause(isSagaIn(partition), () => Effect.succeed(false)),
  ).pipe(
    Effect.map((found) =>
      found.every((isSaga) => isSaga === undefined)
        ? []
        : [{ type, nodeLabel: undefined, isSaga: found.includes(true), isHosted: false }],
    ),
  )
}
