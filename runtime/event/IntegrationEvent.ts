/**
 * `defineIntegrationEvent(...)`: one kind of event that an actor type publishes to other systems.
 *
 * Owns the documentation of such an event. Stored events may change with their actor; integration events are
 * a promise to other systems. How they travel: ../integration/CloudEvent.ts. How they are documented:
 * ../integration/EventCatalog.ts.
 */
import type { AnySchema } from "./Schema.ts"

/** An event for other services, as `defineIntegrationEvent` makes it. */
export interface IntegrationEventDefinition<S extends AnySchema = AnySchema> {
  /** Its name for other services: `order.confirmed`. */
  readonly type: string
  /** Version of the event. Raise it when the schema changes in a way that readers notice. */
  readonly version: number
  readonly schema: S
  /** Meaning of the event, for the catalog. */
  readonly description: string
  /** A payload as an example, for the catalog. */
  readonly example?: unknown
}

/**
 * Defines a kind of integration event. An actor or reactor names it in `publishes`, and sends it by `send.publish`.
 *
 * @example const OrderConfirmed = defineIntegrationEvent({ type: "order.confirmed", schema, description: "It is paid." })
 */
export const defineIntegrationEvent = <S extends AnySchema>(given: {
  readonly type: string
  readonly version?: number
  readonly schema: S
  readonly description: string
  readonly example?: unknown
}): IntegrationEventDefinition<S> => ({ ...given, version: given.version ?? 1 })

/** Integration events by their types. If two have the same type, throws the error that `refuse` makes. */
export const publishesByType = (
  publishes: ReadonlyArray<IntegrationEventDefinition>,
  refuse: (what: string, hint: string) => Error,
): { readonly [type: string]: IntegrationEventDefinition } => {
  const byType = Object.fromEntries(publishes.map((definition) => [definition.type, definition]))
  if (Object.keys(byType).length === publishes.length) return byType
  throw refuse("two integration events of one type in `publishes`", "Name each type once.")
}
