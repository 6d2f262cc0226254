/** An actor as its newest commit in the journal tells of it: all that can be shown while no node answers. */
import { Effect } from "effect"
import { addressOf } from "../../runtime/address/ActorAddress.ts"
import { shownState } from "../gateway/DirectoryRoutes.ts"
import { recordDocument } from "./JournalRecordText.ts"
import type { OpenJournal } from "./OpenJournal.ts"
import type { Document } from "./Remote.ts"
import { VerbFailed, verbFailureOf } from "./VerbFailed.ts"

/** The document; `why` says why no node tells more. */
export const newestCommit = Effect.fnUntraced(function* (
  { journal, shardCount }: OpenJournal,
  type: string,
  id: string,
  why: string,
): Effect.fn.Return<Document, VerbFailed> {
  const address = yield* Effect.try({ try: () => addressOf(type, id, shardCount), catch: verbFailureOf })
  const record = yield* Effect.mapError(journal.last(address), verbFailureOf)
  if (record === undefined) {
    return yield* new VerbFailed({ exit: "notFound", what: `There is no ${type} "${id}".`, hint: "" })
  }
  const { sequence, version, at, state, unreadable } = recordDocument(record, shardCount)
  return {
    type,
    id,
    version,
    sequence,
    at,
    ...(state === undefined ? {} : { state: shownState(state) }),
    ...(unreadable === undefined ? {} : { unreadable }),
    onlyStored: `${why}: this is what the newest commit in the journal tells.`,
  }
})
