/**
 * A remote straight on NATS and Postgres without definitions: what can be read without them, as raw JSON.
 *
 * Owns which documents there are: actors and sagas from the directory, events as the journal stores them, dead
 * letters, and the offsets of projections. States and commands need the definitions of a module.
 */
import { Context, Effect, Layer, type Scope, Stream } from "effect"
import { addressOf } from "../../runtime/address/ActorAddress.ts"
import { DeadLetters, type StoredDeadLetter } from "../../runtime/deadletter/DeadLetters.ts"
import { ActorsTable } from "../../runtime/directory/ActorsTable.ts"
import { partitionOfSequence, partitionOfShard, recordCountBetween } from "../../runtime/journal/Partition.ts"
import { NatsConnection } from "../nats/connection/NatsConnection.ts"
import { DeadLettersNats } from "../nats/stores/DeadLettersNats.ts"
import { makePostgresPool, type PostgresPoolService } from "../postgres/PostgresPool.ts"
import { readModelTable } from "../postgres/ReadModelTables.ts"
import { recordDocument } from "./JournalRecordText.ts"
import { hostOf, type OpenJournal, openJournal } from "./OpenJournal.ts"
import type { Document, Query, Remote } from "./Remote.ts"
import { VerbFailed, verbFailureOf, wrongUse } from "./VerbFailed.ts"

interface StoresPlace {
  readonly nats: string
  readonly postgres: string
  readonly namespace: string
}

interface Stores {
  readonly open: OpenJournal
  readonly pool: PostgresPoolService
  readonly letters: DeadLetters["Service"]
  readonly namespace: string
}

type Read = (
  stores: Stores,
  words: ReadonlyArray<string>,
  query: Query,
) => Effect.Effect<Document, VerbFailed>

export const remoteStores = Effect.fnUntraced(function* ({
  nats,
  postgres,
  namespace,
}: StoresPlace): Effect.fn.Return<Remote, VerbFailed, Scope.Scope> {
  const open = yield* openJournal(nats, namespace)
  const pool = yield* Effect.mapError(makePostgresPool({ url: postgres }), verbFailureOf)
  const connected = Layer.succeed(NatsConnection, open.connection)
  const built = Layer.build(Layer.provide(DeadLettersNats.layer({ namespace }), connected))
  const letters = Context.get(yield* Effect.mapError(built, verbFailureOf), DeadLetters)
  const stores: Stores = { open, pool, letters, namespace }
  return {
    where: hostOf(nats),
    get: (path, query = {}) => {
      const words = path.split("/").slice(1).map(decodeURIComponent)
      const found = READS.find(({ pattern }) => pattern.test(path))
      return found === undefined ? needsDefinitions : found.read(stores, words, query)
    },
    send: () => needsDefinitions,
    follow: () => Stream.fromEffect(needsDefinitions),
  }
})

const needsDefinitions = Effect.fail(
  wrongUse(
    "This needs the definitions of the actors, or a gateway.",
    "Give a module with --module, or a gateway with --url. Without them lists, histories, dead letters and offsets can be read.",
  ),
)

const notFound = (what: string): VerbFailed =>
  new VerbFailed({ exit: "notFound", what: `There is no ${what}.`, hint: "" })

const tableOf = (namespace: string): string => readModelTable({ namespace }, ActorsTable, "actors")

const UNSUPPORTED = ["tag", "where", "exceptStates", "failed", "quarantined"]

const listActors: Read = Effect.fnUntraced(function* ({ pool, namespace }, [, type], query) {
  const wanted = UNSUPPORTED.find((name) => query[name] !== undefined)
  if (wanted !== undefined) return yield* needsDefinitions
  const { state, idPrefix, updatedBefore, createdBefore, done, cursor, limit = 100 } = query
  const values: Array<unknown> = [type]
  const conditions = ["type = $1"]
  const add = (condition: string, value: unknown): void => {
    if (value === undefined) return
    values.push(value)
    conditions.push(condition.replace("?", `$${values.length}`))
  }
  add("state = ?", state)
  add("starts_with(id, ?)", idPrefix)
  add("updated < ?", timeOf(updatedBefore))
  add("created < ?", timeOf(createdBefore))
  add("done = ?", done)
  add("id > ?", cursor)
  const text = `select * from ${tableOf(namespace)} where ${conditions.join(" and ")} order by id limit ${Number(limit) + 1}`
  const { rows } = yield* Effect.mapError(pool.query({ text, values }), directoryFailure)
  const items = rows.slice(0, Number(limit)).map(actorOfRow)
  return { items, ...(rows.length > items.length ? { next: items.at(-1)?.["id"] } : {}) }
})

const timeOf = (time: Query[string]): number | undefined =>
  time === undefined ? undefined : Date.parse(String(time))

/** The table is there once a node has started. */
const directoryFailure = (error: unknown): VerbFailed => {
  const failure = verbFailureOf(error)
  return /does not exist/.test(failure.what)
    ? new VerbFailed({
        exit: "notFound",
        what: "The system has no directory of its actors.",
        hint: "Start a node without `directory: false` first.",
      })
    : failure
}

const actorOfRow = (row: { readonly [column: string]: unknown }): Document => {
  const { type, id, state, done, failed, version, sequence, created, updated } = row
  return {
    type,
    id,
    ...(state === null ? {} : { state }),
    done,
    failed,
    version: Number(version),
    sequence: Number(sequence),
    createdAt: new Date(Number(created)).toISOString(),
    updatedAt: new Date(Number(updated)).toISOString(),
  }
}

/** The newest commit of an actor says its state and version; its context needs the definitions. */
const showActor: Read = Effect.fnUntraced(function* ({ open }, [, type = "", id = ""]) {
  const address = yield* addressIn(open, type, id)
  const last = yield* Effect.mapError(open.journal.last(address), verbFailureOf)
  if (last === undefined) return yield* notFound(`${type} "${id}"`)
  const { commands: _commands, firstVersion: _first, shard, ...rest } = recordDocument(last, open.shardCount)
  return { ...rest, type, id, shard }
})

const addressIn = ({ shardCount }: OpenJournal, type: string, id: string) =>
  Effect.try({ try: () => addressOf(type, id, shardCount), catch: verbFailureOf })

const history: Read = Effect.fnUntraced(function* ({ open }, [, type = "", id = ""], query) {
  const { journal, shardCount } = open
  const address = yield* addressIn(open, type, id)
  const upTo = yield* Effect.mapError(
    journal.lastSequence(partitionOfShard(address.shard, journal.partitionCount)),
    verbFailureOf,
  )
  const page = yield* Effect.mapError(
    journal.read(address, { after: Number(query["cursor"] ?? 0), upTo }),
    verbFailureOf,
  )
  if (page.length === 0 && query["cursor"] === undefined) return yield* notFound(`${type} "${id}"`)
  const items = page.flatMap((record) => eventsOf(recordDocument(record, shardCount)))
  const last = page.at(-1)
  const isAll = last === undefined || last.sequence >= upTo || page.length < Number(query["limit"] ?? 1)
  return { items, ...(isAll ? {} : { next: String(last.sequence) }) }
})

/** The events of a commit, each with its version. */
const eventsOf = ({
  sequence,
  at,
  firstVersion,
  commands = [],
  unreadable,
}: Document): ReadonlyArray<Document> => {
  if (unreadable !== undefined)
    return [{ version: 0, sequence, at: "", type: "unreadable", data: unreadable }]
  const events = commands.flatMap(({ commandId, metadata = {}, events }: Document) =>
    events.map(({ type, data }: Document) => ({ type, data, commandId, ...metadata })),
  )
  return events.map((event: Document, index: number) => ({
    version: firstVersion + index,
    sequence,
    at,
    ...event,
  }))
}

const letterDocument = ({ atMs, attemptCount, ...letter }: StoredDeadLetter): Document => ({
  ...letter,
  attempts: attemptCount,
  at: new Date(atMs).toISOString(),
})

const listLetters: Read = Effect.fnUntraced(function* ({ letters }, _, { cursor = 0, limit = 100, reason }) {
  const found = yield* Effect.mapError(
    letters.list({
      after: Number(cursor),
      limit: Number(limit),
      ...(reason === undefined ? {} : { reason: String(reason) as StoredDeadLetter["reason"] }),
    }),
    verbFailureOf,
  )
  const last = found.at(-1)
  const isFull = found.length === Number(limit) && last !== undefined
  return { items: found.map(letterDocument), ...(isFull ? { next: String(last.number) } : {}) }
})

const showLetter: Read = Effect.fnUntraced(function* ({ letters }, [, number]) {
  const letter = yield* Effect.mapError(letters.get(Number(number)), verbFailureOf)
  return letter === undefined ? yield* notFound(`dead letter ${number}`) : letterDocument(letter)
})

const listProjections: Read = Effect.fnUntraced(function* ({ open, pool, namespace }) {
  const { journal } = open
  const { partitionCount } = journal
  const { rows } = yield* Effect.mapError(
    pool.query({
      text: `select name, version, sequence from ${pool.table("projections")} where namespace = $1 order by name, version`,
      values: [namespace],
    }),
    verbFailureOf,
  )
  const items = yield* Effect.forEach(rows, ({ name, version, sequence }) => {
    const offset = Number(sequence)
    const newest = journal.lastSequence(partitionOfSequence(offset, partitionCount))
    return Effect.map(Effect.mapError(newest, verbFailureOf), (last) => ({
      name,
      version,
      state: "unknown",
      offset,
      lag: recordCountBetween(offset, last, partitionCount),
    }))
  })
  return { items }
})

const READS: ReadonlyArray<{ readonly pattern: RegExp; readonly read: Read }> = [
  { pattern: /^\/(actors|sagas)\/[^/]+$/, read: listActors },
  { pattern: /^\/actors\/[^/]+\/[^/]+$/, read: showActor },
  { pattern: /^\/actors\/[^/]+\/[^/]+\/pending$/, read: () => Effect.succeed({}) },
  { pattern: /^\/actors\/[^/]+\/[^/]+\/history$/, read: history },
  { pattern: /^\/dead-letters$/, read: listLetters },
  { pattern: /^\/dead-letters\/\d+$/, read: showLetter },
  { pattern: /^\/projections$/, read: listProjections },
]
