/**
 * The streams and buckets that a node of a namespace cannot do without, by name.
 *
 * Owns the list and nothing else: a store that comes to be needed is one more line. StoreWatch.ts looks after them.
 */
import { eventsStreamName } from "./EventPublisherNats.ts"
import { STREAMS_DEFAULT, streamName } from "./JournalSettings.ts"
import { mailboxStreamNames } from "./MailboxStream.ts"
import { PREPARE_HINT } from "./OpenStream.ts"

export interface NeededStore {
  /** Name of the stream, as `nats stream ls` shows it. */
  readonly name: string
  readonly kind: "stream" | "bucket"
  /** First two tokens of the subjects that are written to it; a journal's stream is noted by its own name. */
  readonly writtenTo: ReadonlyArray<string>
  /** What an operator does where it is missing. */
  readonly ifMissing: string
}

/** Stream of the bucket that leases are kept in. */
export const leasesStream = (namespace: string): string => `KV_${namespace}-cluster`

const RESTORE_HINT =
  "Restore it from a backup: it is never created anew, since that would hide the loss of every commit."

export const neededStores = (namespace: string, streams = STREAMS_DEFAULT): ReadonlyArray<NeededStore> => {
  const stream = (name: string, ...kinds: ReadonlyArray<string>): NeededStore => ({
    name,
    kind: "stream",
    writtenTo: kinds.map((kind) => `${namespace}.${kind}`),
    ifMissing: PREPARE_HINT,
  })
  const bucket = (name: string): NeededStore => ({
    name: `KV_${namespace}-${name}`,
    kind: "bucket",
    writtenTo: [`$KV.${namespace}-${name}`],
    ifMissing: PREPARE_HINT,
  })
  const { messages, timers } = mailboxStreamNames(namespace)
  return [
    ...Array.from({ length: streams }, (_, partition): NeededStore => {
      const name = streamName(namespace, streams, partition)
      return { name, kind: "stream", writtenTo: [name], ifMissing: RESTORE_HINT }
    }),
    stream(messages, "msg"),
    stream(timers, "tmr", "due"),
    stream(eventsStreamName(namespace), "int"),
    stream(`${namespace}-deadletters`, "dlq"),
    bucket("checkpoints"),
    bucket("cluster"),
  ]
}
