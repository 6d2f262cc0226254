/**
 * What every publisher of integration events honours (runtime/integration/EventPublisher.ts).
 */
import { Effect } from "effect"
import type { EventPublisherService, PublishedEvent } from "../integration/EventPublisher.ts"
import { type ContractOptions, type ContractRunner, factOfSubject } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"

/** A publisher, and a look at what it has published. */
export interface PublisherUnderTest {
  readonly publisher: EventPublisherService
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

/** Registers the contract of `EventPublisher` with a test runner. */
export const eventPublisherContract = (
  runner: ContractRunner,
  options: ContractOptions<PublisherUnderTest>,
): void => {
  const factOf = factOfSubject(runner, options)
  const fact = (
    title: string,
    publish: (publisher: EventPublisherService) => Effect.Effect<void, unknown>,
    check: (published: ReadonlyArray<PublishedEvent>) => void,
  ): void =>
    factOf(title, ({ publisher, published }) =>
      Effect.andThen(publish(publisher), Effect.map(published, check)),
    )

  runner.describe(`${options.name} event publisher`, () => {
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
