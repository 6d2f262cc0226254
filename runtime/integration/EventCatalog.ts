/**
 * The event catalog: every domain event and every integration event of a system, from its definitions.
 *
 * Owns the content, as plain JSON. The two kinds stay apart: domain events are stored and may change with
 * their actor, integration events are a promise to other systems. As a page: EventCatalogPage.ts. For
 * machines: AsyncApi.ts.
 */
import type { ActorDefinition } from "../definition/Actor.ts"
import { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import type { IntegrationEventDefinition } from "../event/IntegrationEvent.ts"
import { dataSchemaOf } from "./CloudEvent.ts"
import { type PayloadSchema, payloadSchemaOf } from "./PayloadSchema.ts"

/** An event as it is stored in the journal. */
export interface DomainEventEntry {
  readonly actorType: string
  readonly type: string
  readonly version: number
  /** Older versions that can still be read, each through its upcaster. */
  readonly upcastVersions: ReadonlyArray<number>
  readonly schema: PayloadSchema
}

/** An event that is published to other systems. */
export interface IntegrationEventEntry {
  readonly type: string
  readonly version: number
  readonly description: string
  /** Actor types and reactors that publish it. */
  readonly publishers: ReadonlyArray<string>
  /** NATS subject. */
  readonly address: string
  /** URI of the schema of its data, as in the CloudEvent. */
  readonly dataschema: string
  readonly schema: PayloadSchema
  readonly example?: unknown
}

/** All events of a system: those of its actors, and those for other services. */
export interface EventCatalog {
  readonly namespace: string
  /** Domain events by actor type, in the order of the definitions. */
  readonly domainEvents: ReadonlyArray<DomainEventEntry>
  /** Integration events by type. */
  readonly integrationEvents: ReadonlyArray<IntegrationEventEntry>
  /** Actor types that are defined by a machine alone: their events have no schemas. */
  readonly actorTypesWithoutSchemas: ReadonlyArray<string>
}

/** An actor type or a reactor that publishes integration events. */
export interface Publisher {
  readonly type: string
  readonly publishes: ActorDefinition["publishes"]
}

/** The subject on which events of a type are published. */
export const integrationAddressOf = (namespace: string, type: string): string => `${namespace}.int.${type}`

/**
 * The catalog of a system. Throws {@link InvalidDefinition} if two publishers promise different things under
 * one type.
 */
export const eventCatalogOf = (system: {
  readonly namespace: string
  readonly actors: ReadonlyArray<ActorDefinition>
  /** Reactors that publish integration events. */
  readonly reactors?: ReadonlyArray<Publisher>
}): EventCatalog => ({
  namespace: system.namespace,
  domainEvents: system.actors.flatMap(domainEventsOf),
  integrationEvents: integrationEventsOf(system.namespace, [...system.actors, ...(system.reactors ?? [])]),
  actorTypesWithoutSchemas: system.actors
    .filter(({ events }) => events === undefined)
    .map(({ type }) => type),
})

const domainEventsOf = ({ type: actorType, events = {} }: ActorDefinition): ReadonlyArray<DomainEventEntry> =>
  Object.entries(events).map(([type, { version, schema, upcast }]) => ({
    actorType,
    type,
    version,
    upcastVersions: Object.keys(upcast).map(Number),
    schema: payloadSchemaOf(schema),
  }))

const integrationEventsOf = (
  namespace: string,
  publishers: ReadonlyArray<Publisher>,
): ReadonlyArray<IntegrationEventEntry> => {
  const promised = new Map<string, { definition: IntegrationEventDefinition; publishers: Array<string> }>()
  for (const publisher of publishers) {
    for (const [type, definition] of Object.entries(publisher.publishes)) {
      const known = promised.get(type)
      if (known === undefined) promised.set(type, { definition, publishers: [publisher.type] })
      else if (known.definition === definition) known.publishers.push(publisher.type)
      else {
        throw new InvalidDefinition({
          actorType: publisher.type,
          what: `the integration event "${type}", which ${known.publishers.join(", ")} publishes too, with another definition`,
          hint: "Share one defineIntegrationEvent(...), or give the events different types.",
        })
      }
    }
  }
  return [...promised].sort(byType).map(([type, { definition, publishers: by }]) => ({
    type,
    version: definition.version,
    description: definition.description,
    publishers: by,
    address: integrationAddressOf(namespace, type),
    dataschema: dataSchemaOf(namespace, type, definition.version),
    schema: payloadSchemaOf(definition.schema),
    ...(definition.example === undefined ? undefined : { example: definition.example }),
  }))
}

const byType = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)
