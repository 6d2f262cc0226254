/**
 * The mark on a store that says which journal it belongs to: the journal's id, in the metadata of a mailbox's
 * streams and of the checkpoint bucket.
 *
 * Owns the mark and the texts for a wrong one. A store of another journal looks healthy by itself, but its
 * messages are for other actors, and its positions are of other commits. A store gets its mark when it is
 * made. A store of an earlier release has none: a node uses it as it is, and a preparation marks it.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { Effect } from "effect"
import { type StreamInfo, updateStream } from "./JetStreamApi.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"

const MARK_KEY = "everstate.journal"

export interface StoreMark {
  /** Id of the namespace's journal. */
  readonly journalId: string
  /** True: a store without a mark gets one. That takes the right to change streams. */
  readonly marksOthers: boolean
}

/** The configuration of a new store, with its mark. */
export const marked = <Config extends Partial<StreamConfig>>(
  config: Config,
  mark: StoreMark | undefined,
): Config =>
  mark === undefined ? config : { ...config, metadata: { ...config.metadata, [MARK_KEY]: mark.journalId } }

/** Hint for a store of another journal. */
export const FOREIGN_HINT =
  "Restore the store of this journal, or let an administrator delete this store, and prepare the namespace again (`ActorSystem.prepare`)."

/**
 * Text that says that a store belongs to another journal; `undefined` if it belongs to this one, or has no
 * mark.
 */
export const foreignMark = ({ config }: StreamInfo, mark: StoreMark | undefined): string | undefined => {
  const found = config.metadata?.[MARK_KEY]
  if (mark === undefined || found === undefined || found === mark.journalId) return undefined
  return `stream ${config.name} belongs to journal ${found}, and the journal of this namespace is ${mark.journalId}`
}

/** True if the store says which journal it belongs to. */
export const isMarked = ({ config }: StreamInfo): boolean => config.metadata?.[MARK_KEY] !== undefined

/**
 * Gives a store without a mark its mark, if `marksOthers` is set. A user without the right leaves the store
 * as it is.
 */
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
