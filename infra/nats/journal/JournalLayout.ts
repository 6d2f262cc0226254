/**
 * The layout of a namespace's journal: its number of shards and streams, and which streams these are.
 *
 * Owns reading the layout from the streams, for processes whose options do not say it. JournalStream.ts
 * verifies the streams.
 */
import { Effect } from "effect"
import type { JournalRefused, JournalUnavailable } from "../../../runtime/journal/Journal.ts"
import type { JournalIdentity } from "../../../runtime/journal/JournalRegister.ts"
import { sequenceAt } from "../../../runtime/journal/Partition.ts"
import type { StreamInfo } from "../connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../connection/NatsConnection.ts"
import {
  givenIdOf,
  missing,
  NAMESPACE_HINT,
  NAMESPACE_PATTERN,
  refused,
  STREAMS_DEFAULT,
  streamIdOf,
  streamName,
} from "./JournalSettings.ts"
import { findJournalStream } from "./JournalStream.ts"

const countIn = ({ config }: StreamInfo, key: string): number | undefined => {
  const count = Number(config.metadata?.[key])
  return Number.isInteger(count) && count > 0 ? count : undefined
}

/** The journal of a namespace; `undefined` if there is none. */
export const findJournal = Effect.fn("findJournal")(function* (
  connection: NatsConnectionService,
  namespace: string,
): Effect.fn.Return<JournalIdentity | undefined, JournalRefused | JournalUnavailable> {
  if (!NAMESPACE_PATTERN.test(namespace)) {
    return yield* refused("Foreign", `namespace ${JSON.stringify(namespace)}`, NAMESPACE_HINT)
  }
  // A single stream has another name than several.
  const only = streamName(namespace)
  const first = streamName(namespace, STREAMS_DEFAULT + 1)
  const found = (yield* findJournalStream(connection, only)) ?? (yield* findJournalStream(connection, first))
  if (found === undefined) return undefined
  const shards = countIn(found, "everstate.shards")
  if (shards === undefined) {
    const hint =
      "It is no journal of Everstate's: choose another namespace, or the system's own NATS account."
    return yield* refused(
      "Foreign",
      `stream ${found.config.name ?? only} does not say everstate.shards`,
      hint,
    )
  }
  const streamCount = countIn(found, "everstate.streams") ?? STREAMS_DEFAULT
  const streams = []
  for (let partition = 0; partition < streamCount; partition++) {
    const name = streamName(namespace, streamCount, partition)
    const info = yield* findJournalStream(connection, name)
    if (info === undefined) return yield* missing(name, "another stream of its journal does")
    const lastSequence = sequenceAt(info.state.last_seq, partition, streamCount)
    streams.push({ streamId: streamIdOf(info), lastSequence })
  }
  return { namespace, shards, streams }
})

/** Id of a journal: the id of its first stream. Journals made before there were ids have none. */
export const journalIdOf = (
  connection: NatsConnectionService,
  namespace: string,
  streams?: number,
): Effect.Effect<string | undefined, JournalRefused | JournalUnavailable> =>
  Effect.map(findJournalStream(connection, streamName(namespace, streams)), (info) => info && givenIdOf(info))
