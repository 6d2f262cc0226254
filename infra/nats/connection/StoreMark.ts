/**
 * The mark on a store that says which journal it belongs to: the journal's id, in the metadata of a mailbox's streams and of the
 * checkpoint bucket.
 *
 * Owns the mark and the words of a wrong one. A store of another journal looks healthy by itself, but its messages are
 * for other actors, and its positions are of other commits. A store gets its mark when it is made. One of an earlier release
 * has none: it is taken as it is, and a preparation marks it.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { Effect } from "effect"
import { type StreamInfo, updateStream } from "./JetStreamApi.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"

const MARK_KEY = "everstate.journal"

export interface StoreMark {
  /** Id of the namespace's journal. */
  readonly journalId: string
  /** Whether a store without a mark is given one, which takes the right to change streams. */
  readonly marksOthers: boolean
}

/** The configuration of a new store, with its mark. */
export const marked = <Config extends Partial<StreamConfig>>(
  config: Config,
  mark: StoreMark | undefined,
): Config =>
  mark === undefined ? config : { ...config, metadata: { ...config.metadata, [MARK_KEY]: mark.journalId } }

/** What to do about a store of another journal. */
export const FOREIGN_HINT =
  "Restore the one of this journal, or let an administrator delete this one, and prepare the namespace again (`ActorSystem.prepare`)."

/** That a store is another journal's, in words; `undefined` where it is this journal's, or does not say. */
export const foreignMark = ({ config }: StreamInfo, mark: StoreMark | undefined): string | undefined => {
  const found = config.metadata?.[MARK_KEY]
  if (mark === undefined || found === undefined || found === mark.journalId) return undefined
  return `stream ${config.name} belongs to journal ${found}, and the journal of this namespace is ${mark.journalId}`
}

/** Gives a store without a mark its mark, where that is wanted. A user without the right leaves it as it is. */
export const markStore = (
  { requests }: NatsConnectionService,
  { config }: StreamInfo,
  mark: StoreMark | undefined,
): Effect.Effect<void> => {
  const { name, metadata } = config
  if (name === undefined || metadata?.[MARK_KEY] !== undefined || mark?.marksOthers !== true)
    return Effect.void
  return Effect.ignore(updateStream(requests, marked({ ...config, name }, mark)))
}
