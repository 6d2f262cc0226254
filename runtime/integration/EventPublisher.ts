/**
 * The publisher port: sends integration events to other systems, at least once, as CloudEvents 1.0 in
 * structured JSON.
 *
 * Owns the contract (test/contract/EventPublisher.contract.ts). The content of an event: CloudEvent.ts.
 */
import { Context, type Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** One integration event, encoded as a CloudEvent. */
export interface PublishedEvent {
  /** Type of the integration event, `order.confirmed`; the subject contains it. */
  readonly type: string
  /** Id of the CloudEvent. The same id is stored once within two minutes. */
  readonly id: string
  readonly data: Uint8Array
}

/** It is not known whether the event was stored. Publish it again with the same id. */
export class PublisherUnavailable extends errorClass<PublisherUnavailable>()(
  "PublisherUnavailable",
  {
    detail: Schema.String,
  },
  { kind: "transient", retry: "later", hint: "Look at NATS; what is to be published waits in the journal." },
) {
  override get message(): string {
    return `Integration events cannot be published now: ${this.detail}`
  }
}

/** Publishes integration events for other services. */
export interface EventPublisherService {
  /** Stores the event for other services. Succeeds when it is stored, once for each id within two minutes. */
  readonly publish: (event: PublishedEvent) => Effect.Effect<void, PublisherUnavailable>
}

/** The port for integration events, as a service. */
export class EventPublisher extends Context.Service<EventPublisher, EventPublisherService>()(
  "everstate/integration/EventPublisher",
) {}
