import { Effect } from "effect"
import { describe, test } from "vitest"
import { eventPublisherContract } from "../../runtime/contract/EventPublisherContract.ts"
import { makeEventPublisherMemory } from "../../runtime/integration/EventPublisherMemory.ts"

const open = () =>
  Effect.sync(() => {
    const publisher = makeEventPublisherMemory()
    return { publisher, published: Effect.sync(() => publisher.events) }
  })

eventPublisherContract({ describe, test }, { name: "in-memory", open })
