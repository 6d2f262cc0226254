/** The looks at what is needed go on, whatever a server answers. */
import { Context, Effect, Layer, References } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import {
  NatsConnection,
  type NatsConnectionService,
} from "../../../../infra/nats/connection/NatsConnection.ts"
import type { NeededStore } from "../../../../infra/nats/stores/NeededStores.ts"
import { LOOK_EVERY_MS, StoreWatch } from "../../../../infra/nats/stores/StoreWatch.ts"
import { Health, problemsOf } from "../../../../runtime/health/Health.ts"
import { realDate } from "../../../fixtures/time/RealDate.ts"
import { RequestsScripted } from "../RequestsScripted.ts"

const store: NeededStore = {
  name: "shop-messages",
  kind: "stream",
  writtenTo: ["shop.msg"],
  ifMissing: "Prepare.",
}

it("after an answer that cannot be read, which is told", () => {
  let answer = "{"
  const { requests } = new RequestsScripted(() => [{ data: answer }])
  const health = () => ({ state: "connected", server: "", reconnectCount: 0, lastError: undefined })
  const connection = { requests, health } as unknown as NatsConnectionService
  const watching = Effect.gen(function* () {
    const watch = StoreWatch.layer([store]).pipe(Layer.provide(Layer.succeed(NatsConnection, connection)))
    const { needed, check } = Context.get(yield* Layer.build(watch), Health)
    const reasons = () => problemsOf(needed()).map(({ name, reason }) => [name, reason])
    for (answer of ["{", JSON.stringify({ config: {} })]) {
      yield* TestClock.adjust(LOOK_EVERY_MS)
      expect(reasons()).toEqual([[store.name, "Unreachable"]])
      expect(yield* Effect.flip(check)).toMatchObject({ _tag: "Unhealthy" })
    }
    answer = JSON.stringify({ config: {}, state: { last_seq: 0, first_seq: 0, messages: 0 } })
    yield* TestClock.adjust(LOOK_EVERY_MS)
    expect(reasons()).toEqual([])
  })
  return Effect.runPromise(
    watching.pipe(
      Effect.scoped,
      Effect.provide(realDate),
      Effect.provideService(References.MinimumLogLevel, "None"),
    ),
  )
})
