/** What is inferred of an actor that is followed. Checked, never run. */
import type { Effect, Stream } from "effect"
import { describe, expectTypeOf, it } from "vitest"
import { assign, setup } from "xstate"
import type { ActorSystemService } from "../../infra/effect.ts"
import type { ActorClient, ResultError, WatchError } from "../../infra/everstate.ts"
import { type Change, defineActor, type InvalidMoment, type SagaResult } from "../../runtime/index.ts"
import { Counter, type CounterEvent } from "../fixtures/memory/Counter.ts"
import { Trip } from "../unit/saga/Trip.ts"

declare const client: ActorClient
declare const system: ActorSystemService

const Race = defineActor({
  type: "race",
  machine: setup({
    types: {
      context: {} as { readonly laps: number },
      events: {} as { type: "Lap" },
      output: {} as { readonly laps: number },
    },
  }).createMachine({
    context: { laps: 0 },
    on: { Lap: { actions: assign({ laps: ({ context }) => context.laps + 1 }) } },
    output: ({ context }) => ({ laps: context.laps }),
  }),
})

describe("a watch", () => {
  it("knows the state and the events of its actor", async () => {
    for await (const { state, version, events, skipped } of client.get(Counter, "c").watch()) {
      expectTypeOf(state.context.total).toEqualTypeOf<number>()
      expectTypeOf(version).toEqualTypeOf<number>()
      expectTypeOf(skipped).toEqualTypeOf<number>()
      for (const { event } of events) expectTypeOf(event).toEqualTypeOf<CounterEvent>()
    }
    for await (const { event } of client.get(Counter, "c").events({ from: 3 })) {
      expectTypeOf(event).toEqualTypeOf<CounterEvent>()
    }
    // @ts-expect-error a version is a number
    client.get(Counter, "c").watch({ after: "1" })
  })

  it("is a Stream on the Effect face, with its errors", () => {
    const watch = system.get(Counter, "c").watch({ after: 1 })
    type Item = typeof watch extends Stream.Stream<infer A, infer _E> ? A : never
    type Failure = typeof watch extends Stream.Stream<infer _A, infer E> ? E : never
    expectTypeOf<Item["state"]["context"]["total"]>().toEqualTypeOf<number>()
    expectTypeOf<Item>().toExtend<Change>()
    expectTypeOf<Failure>().toEqualTypeOf<WatchError | InvalidMoment>()
  })
})

describe("a result", () => {
  it("is the output of the machine; unknown where none is declared", () => {
    expectTypeOf(client.get(Race, "r").result()).resolves.toEqualTypeOf<{ readonly laps: number }>()
    expectTypeOf(client.get(Counter, "c").result()).resolves.toEqualTypeOf<unknown>()
    expectTypeOf(system.get(Race, "r").result()).toEqualTypeOf<
      Effect.Effect<{ readonly laps: number }, ResultError>
    >()
  })

  it("of a saga is one of four outcomes", async () => {
    const result = await client.get(Trip, "t").result({ deadlineMs: 1_000 })
    expectTypeOf(result.status).toEqualTypeOf<SagaResult["status"]>()
    if (result.status === "completed") expectTypeOf(result.results.payment).toEqualTypeOf<{ code: string }>()
    if (result.status === "stuck") expectTypeOf(result.stuck.item).toEqualTypeOf<string>()
    // @ts-expect-error only a completed saga has results
    result.results
  })
})
