/** Integration events in memory, for tests and the simulation. An id is stored once. */
import { Effect, Layer } from "effect"
import { EventPublisher, type EventPublisherService, type PublishedEvent } from "./EventPublisher.ts"

export interface EventPublisherMemory extends EventPublisherService {
  /** Published events, in order. */
  readonly events: ReadonlyArray<PublishedEvent>
}

export const makeEventPublisherMemory = (): EventPublisherMemory => {
  const byId = new Map<string, PublishedEvent>()
  return {
    get events() {
      return [...byId.values()]
    },
    publish: (event) =>
      Effect.sync(() => {
        if (!byId.has(event.id)) byId.set(event.id, { ...event, data: event.data.slice() })
      }),
  }
}

export const EventPublisherMemory = {
  /** A layer without published events. */
  layer: Layer.sync(EventPublisher, makeEventPublisherMemory),
}
