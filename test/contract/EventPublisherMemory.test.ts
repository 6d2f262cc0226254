import { Effect, Layer } from "effect"
import { EventPublisher } from "../../runtime/integration/EventPublisher.ts"
import { makeEventPublisherMemory } from "../../runtime/integration/EventPublisherMemory.ts"
import { eventPublisherContract } from "./EventPublisher.contract.ts"

eventPublisherContract("in-memory", () => {
  const publisher = makeEventPublisherMemory()
  return { layer: Layer.succeed(EventPublisher, publisher), published: Effect.sync(() => publisher.events) }
})
