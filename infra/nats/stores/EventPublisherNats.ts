/**
 * Integration events on NATS, stored in a stream, so that consumers in any language may be away for days.
 *
 * Owns the subjects, `<ns>.int.<type>` with the type's own dots, and how long events are kept. The form of
 * events is in runtime/integration/CloudEvent.ts. Consumers subscribe to the subjects, or make a consumer on
 * the stream.
 */
import { Effect, Layer } from "effect"
import { tokenFromId } from "../../../runtime/address/ActorAddress.ts"
import { CLOUD_EVENT_MEDIA_TYPE } from "../../../runtime/integration/CloudEvent.ts"
import { EventPublisher, PublisherUnavailable } from "../../../runtime/integration/EventPublisher.ts"
import { NatsConnection } from "../connection/NatsConnection.ts"
import { DUPLICATE_WINDOW_MS, openStream, replicaCountOf, type StreamPlan } from "../connection/OpenStream.ts"
import { headerValueOf, publishTo } from "../connection/PubAck.ts"
import { NANOS_PER_MS } from "../connection/PullConsumer.ts"

/** Time for which integration events are kept, in milliseconds: 7 days. */
export const EVENTS_KEPT_MS = 7 * 86_400_000

export interface EventPublisherNatsOptions {
  readonly namespace: string
  /** 1, 3 or 5; by default 3 in a cluster and 1 on a single server. Used at creation alone. */
  readonly replicas?: number
  /** {@link EVENTS_KEPT_MS} by default. Used at creation alone. */
  readonly keptMs?: number
}

export const eventsStreamName = (namespace: string): string => `${namespace}-events`

/** `order.confirmed` → `<ns>.int.order.confirmed` */
export const eventSubject = (namespace: string, type: string): string =>
  `${namespace}.int.${type.split(".").map(tokenFromId).join(".")}`

/** How the stream is made, and what a found one must have. */
export const eventsPlan = (
  namespace: string,
  replicas: number,
  keptMs: number = EVENTS_KEPT_MS,
): StreamPlan => ({
  made: {
    name: eventsStreamName(namespace),
    description: "Everstate integration events, CloudEvents 1.0 in JSON",
    discard: "old",
    max_age: keptMs * NANOS_PER_MS,
    allow_direct: true,
    duplicate_window: Math.min(DUPLICATE_WINDOW_MS, keptMs) * NANOS_PER_MS,
    num_replicas: replicas,
  },
  needed: { subjects: [`${namespace}.int.>`], storage: "file", retention: "limits" },
})

const unavailable = (detail: string): PublisherUnavailable => new PublisherUnavailable({ detail })

export const EventPublisherNats = {
  /** Opens or creates the namespace's stream of integration events. */
  layer: (
    options: EventPublisherNatsOptions,
  ): Layer.Layer<EventPublisher, PublisherUnavailable, NatsConnection> =>
    Layer.effect(
      EventPublisher,
      Effect.gen(function* () {
        const connection = yield* NatsConnection
        const { namespace, replicas, keptMs } = options
        const plan = eventsPlan(namespace, replicaCountOf(connection, replicas), keptMs)
        yield* openStream(connection, plan, unavailable)
        return {
          publish: ({ type, id, data }) =>
            publishTo(connection.requests, eventSubject(namespace, type), data, {
              "Nats-Msg-Id": headerValueOf(id),
              "content-type": CLOUD_EVENT_MEDIA_TYPE,
            }).pipe(
              Effect.mapError((error) => unavailable(error.message)),
              Effect.asVoid,
            ),
        }
      }),
    ),
}
