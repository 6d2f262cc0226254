/**
 * The events that a machine announces (`announce`), as the commit stores them.
 *
 * Owns their stored form, and the rule that a birth announces nothing: an announced event takes a version,
 * and a birth has none. Replay skips announced events (Fold.ts), because they are for readers of the journal.
 */
import type { ActorDefinition } from "../definition/Actor.ts"
import type { StoredEvent } from "../event/Event.ts"
import type { Intent } from "../machine/Intent.ts"
import { NotSendable } from "./Intents.ts"
import { toStored } from "./StoredForm.ts"

/**
 * The events that the transitions announced, in order. Throws NotSendable, NotJson, and what the user's
 * function throws.
 */
export const announcedBy = (
  definition: ActorDefinition,
  intents: ReadonlyArray<Intent>,
): ReadonlyArray<StoredEvent> =>
  intents.flatMap((intent) => {
    if (intent._tag !== "Announce") return []
    const { type, payload } = intent
    const stored = toStored(definition, { ...payload(), type })
    if ("refused" in stored) throw new NotSendable(`announced: ${stored.detail}`)
    return [{ ...stored, told: true }]
  })

/** Throws NotSendable if a birth announces an event. */
export const refuseAnnouncedAtBirth = (intents: ReadonlyArray<Intent>): void => {
  const found = intents.find(({ _tag }) => _tag === "Announce")
  if (found?._tag !== "Announce") return
  throw new NotSendable(
    `it announces "${found.type}", and a birth is no event. Announce it on the way that the first event takes`,
  )
}
