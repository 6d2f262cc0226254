/** The errors of following an actor. Owns only that list. */
import type { ActorUnborn, PayloadTooLarge, ReadError } from "../cell/AskError.ts"

/**
 * The errors that end a watch. An actor that is not born yet is waited for. Transient errors end a watch only
 * before its first item.
 */
export type WatchError = Exclude<ReadError, ActorUnborn> | PayloadTooLarge
