/**
 * A round whose commit the journal has refused: none of it is stored.
 *
 * Owns what its callers are told. RefusedItems.ts says which items fail with it.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { JournalRefused } from "../journal/Journal.ts"
import { PayloadTooLarge, unavailable } from "./AskError.ts"
import { refusedItems } from "./RefusedItems.ts"
import type { Round } from "./Round.ts"
import type { Waiting } from "./Waiting.ts"

/** Answers the items that fail with the commit; `waiting`: the items that wait behind the round. */
export const answerRefused = (
  address: ActorAddress,
  round: Round,
  waiting: ReadonlyArray<Waiting>,
  refusal: JournalRefused,
): void => {
  const { message: detail, hint } = refusal
  const tooLarge =
    refusal.reason === "TooLarge"
      ? new PayloadTooLarge({
          actorType: address.type,
          id: address.id,
          sizeBytes: round.entriesJson.reduce((sum, json) => sum + json.length, 0),
          limitBytes: round.limits.commitBytesMax,
          hint,
        })
      : undefined
  const isFence = round.entries.length === 0
  for (const item of refusedItems(round, waiting, tooLarge === undefined)) {
    // An earlier append of the item may still be stored, whatever happened to this one.
    const stored = item.mayBeStored || isFence ? "Unknown" : "No"
    item.settle(Exit.fail(tooLarge ?? unavailable(address, stored, detail, hint)))
  }
}
