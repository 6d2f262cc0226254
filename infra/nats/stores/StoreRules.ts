/**
 * What each store of a system must be like, for checks that open nothing and change nothing.
 *
 * Owns which rule belongs to which store of NeededStores.ts. The rules are those that nodes start with:
 * JournalSettings.ts, MailboxStream.ts, and the plans of the other stores.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import type { JournalIdentity } from "../../../runtime/journal/JournalRegister.ts"
import { streamSequenceUpTo } from "../../../runtime/journal/Partition.ts"
import { bucketPlan } from "../connection/Bucket.ts"
import type { StreamInfo } from "../connection/JetStreamApi.ts"
import { type NamedStream, planRefusal, type StreamPlan, wrongSettings } from "../connection/OpenStream.ts"
import { isMarked, type StoreMark } from "../connection/StoreMark.ts"
import {
  journalStreamConfig,
  streamName,
  verifyIdentity,
  verifySettings,
} from "../journal/JournalSettings.ts"
import { leasesBucket } from "../leases/LeasesNats.ts"
import { mailboxRefusal, mailboxStreamConfigs } from "../mailbox/MailboxStream.ts"
import { checkpointsBucket } from "./CheckpointsNats.ts"
import { deadLettersPlan } from "./DeadLettersNats.ts"
import { eventsPlan } from "./EventPublisherNats.ts"

/** The system whose stores are judged. */
export interface JudgedSystem {
  readonly namespace: string
  readonly shards: number
  readonly streams: number
  /** Id of its journal; `undefined` for a journal made before there were ids. */
  readonly journalId: string | undefined
  /** The journal as the register has it; `undefined` if the register is not known. */
  readonly registered: JournalIdentity | undefined
}

export interface StoreRule {
  /** Why nodes refuse the stream as it is, and what to do about it. */
  readonly refusal: (info: StreamInfo) => { readonly detail: string; readonly hint: string } | undefined
  /** What nodes put up with, though they would make a new stream otherwise. */
  readonly oddities: (info: StreamInfo) => ReadonlyArray<string>
}

/** Limits that no stream of a system has. */
const UNLIMITED = { max_msgs: -1, max_msg_size: -1, max_consumers: -1 } satisfies Partial<StreamConfig>

/** Settings that operators choose, or that are judged by their meaning instead. */
const CHOSEN: ReadonlyArray<keyof StreamConfig> = [
  "name",
  "description",
  "metadata",
  "num_replicas",
  "max_bytes",
  "deny_purge",
]

const oddSettings = (
  { config }: StreamInfo,
  made: NamedStream,
  alsoChosen: ReadonlyArray<keyof StreamConfig> = [],
): ReadonlyArray<string> => {
  const chosen = new Set<string>([...CHOSEN, ...alsoChosen])
  const wanted = Object.entries({ ...UNLIMITED, ...made }).filter(([name]) => !chosen.has(name))
  return wrongSettings(config, Object.fromEntries(wanted))
}

/** Replicas are judged by their meaning. */
const REPLICAS = 1

const journalRule = (system: JudgedSystem, partition: number): StoreRule => {
  const { namespace, streams, registered } = system
  const made = journalStreamConfig(system, REPLICAS, partition)
  return {
    refusal: (info) => {
      const wrong = verifySettings(info.config, system, partition)
      const remembered = registered?.streams[partition]
      if (wrong !== undefined || remembered === undefined) return wrong
      const { streamId, lastSequence } = remembered
      const lastStreamSequence = streamSequenceUpTo(lastSequence, partition, streams)
      return verifyIdentity(streamName(namespace, streams, partition), info, { streamId, lastStreamSequence })
    },
    oddities: (info) => oddSettings(info, made),
  }
}

/** A journal made before there were ids has no mark to give. */
const unmarked = (info: StreamInfo, mark: StoreMark | undefined): ReadonlyArray<string> =>
  mark === undefined || isMarked(info) ? [] : ["it does not say which journal it belongs to"]

const mailboxRule = (system: JudgedSystem, made: NamedStream, mark: StoreMark | undefined): StoreRule => ({
  refusal: (info) => mailboxRefusal(info, { ...system, ...(mark === undefined ? {} : { mark }) }),
  oddities: (info) => [
    // `messagesPerActorMax` decides this one.
    ...oddSettings(info, made, ["max_msgs_per_subject"]),
    ...unmarked(info, mark),
  ],
})

const planRule = (
  plan: StreamPlan,
  mark: StoreMark | undefined,
  alsoChosen: ReadonlyArray<keyof StreamConfig> = [],
): StoreRule => ({
  refusal: (info) => planRefusal(info, plan, mark),
  oddities: (info) => [...oddSettings(info, plan.made, alsoChosen), ...unmarked(info, mark)],
})

/** The rule of every store of the system, by the name of its stream. */
export const storeRules = (system: JudgedSystem): ReadonlyMap<string, StoreRule> => {
  const { namespace, streams, journalId } = system
  const mark = journalId === undefined ? undefined : { journalId, marksOthers: false }
  const checkpoints = bucketPlan(checkpointsBucket(namespace), REPLICAS)
  const leases = bucketPlan(leasesBucket(namespace), REPLICAS)
  const events = eventsPlan(namespace, REPLICAS)
  const deadLetters = deadLettersPlan(namespace, REPLICAS)
  return new Map<string, StoreRule>([
    ...Array.from(
      { length: streams },
      (_, partition) => [streamName(namespace, streams, partition), journalRule(system, partition)] as const,
    ),
    ...mailboxStreamConfigs(system, REPLICAS).map(
      (made) => [made.name, mailboxRule(system, made, mark)] as const,
    ),
    // `keptMs` decides both.
    [events.made.name, planRule(events, undefined, ["max_age", "duplicate_window"])],
    [deadLetters.made.name, planRule(deadLetters, undefined)],
    [checkpoints.made.name, planRule(checkpoints, mark)],
    [leases.made.name, planRule(leases, undefined)],
  ])
}
