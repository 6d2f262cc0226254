/**
 * What every publisher of integration events honours (runtime/integration/EventPublisher.ts). `make` gives a publisher
 * of its own to each fact, and a look at what the world outside has been given.
 */
import { Effect, type Layer } from "effect"
import { describe, expect, it } from "vitest"
import { EventPublisher, type PublishedEvent } from "../../runtime/integration/EventPublisher.ts"

export interface PublisherUnderTest {
  readonly layer: Layer.Layer<EventPublisher, unknown>
  /** Everything that was published, in order. Run after the publishing. */
  readonly published: Effect.Effect<ReadonlyArray<PublishedEvent>, unknown>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const event = (id: string, type = "order.confirmed"): PublishedEvent => ({
  type,
  id,
  data: encoder.encode(JSON.stringify({ specversion: "1.0", id, type, source: "everstate/주문" })),
})

export const eventPublisherContract = (
  name: string,
  make: () => PublisherUnderTest,
  run: (program: Effect.Effect<void, unknown>) => Promise<void> = Effect.runPromise,
): void => {
  const fact = (
    title: string,
    publish: (publisher: EventPublisher["Service"]) => Effect.Effect<void, unknown>,
    check: (published: ReadonlyArray<PublishedEvent>) => void,
  ): void => {
    it(title, () => {
      const { layer, published } = make()
      const both = Effect.andThen(Effect.flatMap(EventPublisher, publish), Effect.map(published, check))
      return run(Effect.scoped(Effect.provide(both, layer)))
    })
  }

  describe(`${name} event publisher`, () => {
    fact(
      "publishes events of all types in order, byte for byte",
      ({ publish }) =>
        Effect.gen(function* () {
          yield* publish(event("1"))
          yield* publish(event("2", "payment.captured"))
          yield* publish(event("3", "order.line_added.v2"))
        }),
      (published) => {
        expect(published.map(({ type }) => type)).toEqual([
          "order.confirmed",
          "payment.captured",
          "order.line_added.v2",
        ])
        expect(published.map(({ data }) => decoder.decode(data))).toEqual(
          [event("1"), event("2", "payment.captured"), event("3", "order.line_added.v2")].map(({ data }) =>
            decoder.decode(data),
          ),
        )
      },
    )

    fact(
      "stores an event that is published again once",
      ({ publish }) =>
        Effect.gen(function* () {
          yield* publish(event("1"))
          yield* Effect.all([publish(event("1")), publish(event("1"))], { concurrency: 2 })
          yield* publish(event("2"))
        }),
      (published) => {
        expect(published.map(({ data }) => decoder.decode(data))).toEqual(
          [event("1"), event("2")].map(({ data }) => decoder.decode(data)),
        )
      },
    )
  })
}
