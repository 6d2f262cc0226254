/** Integration events in memory, for tests and the simulation: kept for those who look, and stored once an id. */
import { Effect, Layer } from "effect"
import { EventPublisher, type EventPublisherService, type PublishedEvent } from "./EventPublisher.ts"

export interface EventPublisherMemory extends EventPublisherService {
  /** What was published, in order. */
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
  /** Nothing published. */
  layer: Layer.sync(EventPublisher, makeEventPublisherMemory),
}
