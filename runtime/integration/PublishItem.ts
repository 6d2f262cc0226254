/**
 * Turns `send.publish(definition, data)` into an outbox item, after a check against the actor's `publishes`;
 * or gives the problem.
 *
 * Owns the check, pure. An event that is not in `publishes`, or whose data does not fit, fails its command
 * and is never sent. Who asks: ../cell/Intents.ts and ../reactor/Reaction.ts. How the item travels:
 * CloudEvent.ts.
 */
import type { ActorDefinition } from "../definition/Actor.ts"
import { issuesText, validate } from "../event/Schema.ts"
import { NotJson, plainJson } from "../json/Json.ts"
import { isThrown, thrownText } from "../json/Thrown.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"

/** The outbox item of an integration event. */
export type PublishItem = Extract<OutboxItem, { readonly k: "publish" }>

/** Allowed types of integration events: the type is the end of a subject. `order.confirmed`. */
export const INTEGRATION_TYPE_PATTERN = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/

/** Longest type of an integration event, in characters. */
export const INTEGRATION_TYPE_LENGTH_MAX = 128

export const isIntegrationType = (type: string): boolean =>
  INTEGRATION_TYPE_PATTERN.test(type) && type.length <= INTEGRATION_TYPE_LENGTH_MAX

/**
 * Largest data of an integration event, in bytes of JSON. With its envelope it fits every server with usual
 * settings; a larger event would be tried for ever. CloudEvents asks for less than 64 KiB if unknown parties
 * forward the event.
 */
export const INTEGRATION_DATA_BYTES_MAX = 256 * 1024

const encoder = new TextEncoder()

/** The item to store, with the data in the schema's output form; or why there is none. Never throws. */
export const publishItemOf = (
  definition: Pick<ActorDefinition, "type" | "publishes">,
  type: string,
  data: unknown,
): PublishItem | { readonly problem: string } => {
  const known = Object.hasOwn(definition.publishes, type) ? definition.publishes[type] : undefined
  if (known === undefined) {
    return {
      problem: `"${definition.type}" does not publish "${type}": name it in \`publishes\` of its definition`,
    }
  }
  if (!isIntegrationType(type)) {
    return {
      problem: `"${type}" is no type of an integration event: letters, digits, "_" and "-" with dots between, ${INTEGRATION_TYPE_LENGTH_MAX} at most`,
    }
  }
  const validated = validate(known.schema, data)
  if ("issues" in validated) return { problem: `${type}: ${issuesText(validated.issues)}` }
  try {
    const d = plainJson(validated.value)
    const bytes = encoder.encode(JSON.stringify(d)).length
    if (bytes > INTEGRATION_DATA_BYTES_MAX) {
      return { problem: `${type}: ${bytes} bytes, ${INTEGRATION_DATA_BYTES_MAX} at most` }
    }
    return { k: "publish", t: type, v: known.version, d }
  } catch (cause) {
    return { problem: `${type}: ${isThrown(cause, NotJson) ? cause.message : thrownText(cause)}` }
  }
}
