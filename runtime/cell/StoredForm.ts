/**
 * A decided event in the form in which it is stored: checked by its schema, plain JSON.
 *
 * Owns that step for the actor's own events. Events of the runtime have no schemas: Signal.ts.
 */
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AnyEvent, StoredEvent } from "../event/Event.ts"
import { isFields, issuesText, NOT_FIELDS, validate } from "../event/Schema.ts"
import { frozen } from "../json/Frozen.ts"
import { plainJson } from "../json/Json.ts"

/** The event in stored form, or what is wrong with it. */
export const toStored = (
  definition: ActorDefinition,
  event: AnyEvent,
): StoredEvent | { readonly refused: "EventUnknown" | "EventInvalid"; readonly detail: string } => {
  const { type, ...payload } = event
  // Frozen, so that an action cannot change the event before it is stored.
  if (definition.events === undefined) return { t: type, v: 1, d: frozen(plainJson(payload)) }
  const known = Object.hasOwn(definition.events, type) ? definition.events[type] : undefined
  if (known === undefined) return { refused: "EventUnknown", detail: `the definition has no event "${type}"` }
  const validated = validate(known.schema, payload)
  if ("issues" in validated)
    return { refused: "EventInvalid", detail: `${type}: ${issuesText(validated.issues)}` }
  if (!isFields(validated.value)) return { refused: "EventInvalid", detail: `${type}: ${NOT_FIELDS}` }
  return { t: type, v: known.version, d: frozen(plainJson(validated.value)) }
}
