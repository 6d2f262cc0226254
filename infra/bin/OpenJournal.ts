/**
 * The journal of a namespace for verbs that read it straight on NATS, without Postgres and definitions.
 *
 * Owns finding and opening it for reads. It is never made: a namespace without a journal is an error.
 */
import { Config, Context, Effect, Layer, Option, type Scope } from "effect"
import { Journal, type JournalRecord, type JournalService } from "../../runtime/journal/Journal.ts"
import { JournalRegister } from "../../runtime/journal/JournalRegister.ts"
import { shownServers } from "../nats/connection/ServerAddresses.ts"
import type { RawJournal } from "../raw/RawTypes.ts"
import { VerbFailed, verbFailureOf, wrongUse } from "./VerbFailed.ts"

export type OpenJournal = RawJournal

/** The address of NATS: the flag, or NATS_URL. */
export const natsUrl = Effect.fnUntraced(function* (given: string | undefined) {
  if (given !== undefined) return given
  const env = yield* Effect.orDie(Config.option(Config.NonEmptyString("NATS_URL")))
  if (Option.isSome(env)) return env.value
  return yield* wrongUse("NATS is not given.", "Give --nats, or NATS_URL.")
})

/** Loaded when a journal is opened: other verbs need not wait for them. */
const drivers = async () => ({
  ...(await import("../nats/connection/NatsConnection.ts")),
  ...(await import("../nats/journal/JournalLayout.ts")),
  ...(await import("../nats/journal/JournalNats.ts")),
  ...(await import("../nats/stores/NatsPermissions.ts")),
})

/** Connects, and opens the namespace's journal. */
export const openJournal = Effect.fnUntraced(function* (nats: string, namespace: string) {
  const { NatsConnection, findJournal, JournalNats, connectionOf } = yield* Effect.promise(drivers)
  const connections = yield* Layer.build(NatsConnection.layer(connectionOf(nats, namespace, "service")))
  const connection = Context.get(connections, NatsConnection)
  const identity = yield* findJournal(connection, namespace)
  if (identity === undefined) {
    return yield* new VerbFailed({
      exit: "notFound",
      what: `The namespace "${namespace}" has no journal at ${shownServers(nats).join(",")}.`,
      hint: "Give the namespace of the system with --namespace, or start a node of it first.",
    })
  }
  const { shards, streams } = identity
  // The journal that was just found is the registered one, so it is not made again if it goes.
  const register = Layer.succeed(JournalRegister, {
    load: () => Effect.succeed(identity),
    record: () => Effect.void,
  })
  const layer = JournalNats.layer({ namespace, shards, streams: streams.length }).pipe(
    Layer.provide(Layer.merge(register, Layer.succeed(NatsConnection, connection))),
  )
  const journal = Context.get(yield* Layer.build(layer), Journal)
  return { journal, connection, shardCount: shards } satisfies OpenJournal
}, Effect.mapError(verbFailureOf)) satisfies (
  nats: string,
  namespace: string,
) => Effect.Effect<OpenJournal, VerbFailed, Scope.Scope>

/** Numbers of all partitions. */
export const partitionsOf = ({ partitionCount }: JournalService): ReadonlyArray<number> =>
  Array.from({ length: partitionCount }, (_, partition) => partition)

/** All records of a partition after a sequence and up to one, page by page. */
export const eachPage = Effect.fnUntraced(function* (
  journal: JournalService,
  range: { readonly after: number; readonly upTo: number },
  onPage: (page: ReadonlyArray<JournalRecord>) => Effect.Effect<void, VerbFailed>,
): Effect.fn.Return<void, VerbFailed> {
  let { after } = range
  while (after < range.upTo) {
    const page = yield* Effect.mapError(journal.scan({ after, upTo: range.upTo }), verbFailureOf)
    const last = page.at(-1)
    if (last === undefined) return
    yield* onPage(page)
    after = last.sequence
  }
})
