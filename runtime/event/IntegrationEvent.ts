/**
 * `defineIntegrationEvent(...)`: one kind of event that an actor type publishes to the world outside.
 *
 * Owns what is documented of it. Distinct from the events that are stored: those may change with the actor, these are a
 * promise to others. How they travel: ../integration/CloudEvent.ts; how they are documented:
 * ../integration/EventCatalog.ts.
 */
import type { AnySchema } from "./Schema.ts"

export interface IntegrationEventDefinition<S extends AnySchema = AnySchema> {
  /** Raised when the schema changes in a way that readers notice. */
  readonly version: number
  readonly schema: S
  /** What it means, for the catalog. */
  readonly description: string
  /** A payload as an example, for the catalog. */
  readonly example?: unknown
}

/** Defines a kind of integration event: `publishes: { "order.confirmed": defineIntegrationEvent({ schema, description }) }`. */
export const defineIntegrationEvent = <S extends AnySchema>(given: {
  readonly version?: number
  readonly schema: S
  readonly description: string
  readonly example?: unknown
}): IntegrationEventDefinition<S> => ({ ...given, version: given.version ?? 1 })
