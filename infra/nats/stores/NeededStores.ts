/**
 * The streams and buckets that a node or a client of a namespace needs, by name.
 *
 * Owns the list: a new store is one more line. StoreWatch.ts watches the stores.
 */
import { PREPARE_HINT } from "../connection/NatsErrors.ts"
import { STREAMS_DEFAULT, streamName } from "../journal/JournalSettings.ts"
import { mailboxStreamNames } from "../mailbox/MailboxStream.ts"
import { eventsStreamName } from "./EventPublisherNats.ts"

export interface NeededStore {
  /** Name of the stream, as `nats stream ls` shows it. */
  readonly name: string
  readonly kind: "stream" | "bucket"
  /** First two tokens of the subjects that are written to it; for a stream of the journal, its name. */
  readonly writtenTo: ReadonlyArray<string>
  /** Hint for an operator if the store is missing. */
  readonly ifMissing: string
}

/** Stream of the bucket that leases are kept in. */
export const leasesStream = (namespace: string): string => `KV_${namespace}-cluster`

const RESTORE_HINT =
  "Restore it from a backup: it is never created anew, since that would hide the loss of every commit."

/** The streams of a namespace's journal. */
const journalStores = (namespace: string, streams: number): ReadonlyArray<NeededStore> =>
  Array.from({ length: streams }, (_, partition) => {
    const name = streamName(namespace, streams, partition)
    return { name, kind: "stream", writtenTo: [name], ifMissing: RESTORE_HINT }
  })

const stream = (name: string, ...writtenTo: ReadonlyArray<string>): NeededStore => ({
  name,
  kind: "stream",
  writtenTo,
  ifMissing: PREPARE_HINT,
})

const bucket = (name: string): NeededStore => ({
  name: `KV_${name}`,
  kind: "bucket",
  writtenTo: [`$KV.${name}`],
  ifMissing: PREPARE_HINT,
})

const messagesStore = (namespace: string): NeededStore =>
  stream(mailboxStreamNames(namespace).messages, `${namespace}.msg`)

/** The stores that a node needs. */
export const neededStores = (namespace: string, streams = STREAMS_DEFAULT): ReadonlyArray<NeededStore> => [
  ...journalStores(namespace, streams),
  messagesStore(namespace),
  stream(mailboxStreamNames(namespace).timers, `${namespace}.tmr`, `${namespace}.due`),
  stream(eventsStreamName(namespace), `${namespace}.int`),
  stream(`${namespace}-deadletters`, `${namespace}.dlq`),
  bucket(`${namespace}-checkpoints`),
  bucket(`${namespace}-cluster`),
]

/** The stores that a client needs: it reads the journal's streams, and sends messages. */
export const storesOfClients = (namespace: string, streams: number): ReadonlyArray<NeededStore> => [
  ...journalStores(namespace, streams),
  messagesStore(namespace),
]
