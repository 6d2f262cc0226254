/** What TypeScript knows inside the steps of a saga. Checked, never run. */
import { Schema } from "effect"
import { expectTypeOf } from "vitest"
import {
  type CommandsOf,
  defineEvent,
  defineReactor,
  defineSaga,
  type EventsOf,
  type SagaCause,
  type SagaInputOf,
  type SagaLedger,
  type SagaResultsOf,
  type StateOf,
} from "../../runtime/index.ts"
import { testActor } from "../../runtime/testing.ts"
import { Booking, type Journey, Trip } from "../unit/saga/Trip.ts"

type Code = { code: string }

// Results of the steps, by their keys.
type Results = SagaResultsOf<typeof Trip>
expectTypeOf<Results["seats"][string]>().toEqualTypeOf<Code>()
expectTypeOf<Results["extras"]["insurance"]>().toEqualTypeOf<Code>()
expectTypeOf<Results["car"]>().toEqualTypeOf<Code | undefined>()
expectTypeOf<Results["payment"]>().toEqualTypeOf<Code>()
expectTypeOf<SagaInputOf<typeof Trip>>().toEqualTypeOf<{
  readonly seats: ReadonlyArray<string>
  readonly withCar: boolean
}>()
expectTypeOf<SagaResultsOf<typeof Journey>["both"]["trip"]["payment"]>().toEqualTypeOf<Code>()

// A saga is an actor.
expectTypeOf<CommandsOf<typeof Trip>>().toEqualTypeOf<CommandsOf<typeof Trip.actor>>()
expectTypeOf<EventsOf<typeof Trip>>().toEqualTypeOf<EventsOf<typeof Trip.actor>>()
expectTypeOf<StateOf<typeof Trip>>().toEqualTypeOf<StateOf<typeof Trip.actor>>()
defineReactor({
  name: "trips",
  from: [Trip, Booking],
  on: {
    SagaStarted: (event) => {
      expectTypeOf(event).toEqualTypeOf<Extract<EventsOf<typeof Trip>, { type: "SagaStarted" }>>()
    },
    Booked: ({ code }) => void expectTypeOf(code).toEqualTypeOf<string>(),
    // @ts-expect-error neither has such an event
    Lost: () => undefined,
  },
})
testActor(Trip).when({ type: "Start", input: { seats: [], withCar: true } })
// @ts-expect-error the saga has no such command
testActor(Trip).when({ type: "Begin" })
expectTypeOf<CommandsOf<typeof Trip.actor>["type"]>().toEqualTypeOf<
  "Start" | "Cancel" | "Undo" | "Retry" | "Skip" | "Resolve" | "Abort"
>()
expectTypeOf<
  Extract<EventsOf<typeof Trip.actor>, { type: "SagaStarted" }>["input"]["withCar"]
>().toEqualTypeOf<boolean>()
expectTypeOf<StateOf<typeof Trip.actor>["context"]>().toEqualTypeOf<SagaLedger>()
const command: CommandsOf<typeof Trip.actor> = { type: "Start", input: { seats: [], withCar: true } }
// @ts-expect-error the input has a schema
const bare: CommandsOf<typeof Trip.actor> = { type: "Start", input: { seats: [] } }
// @ts-expect-error an operator says why
const unsigned: CommandsOf<typeof Trip.actor> = { type: "Skip", item: "payment", by: "kim" }
export const commands = [command, bare, unsigned]

const input = Schema.Struct({
  lines: Schema.Array(Schema.Struct({ sku: Schema.String, count: Schema.Number })),
})

defineSaga({
  type: "inference",
  input: defineEvent({ version: 2, schema: input, upcast: { 1: () => ({ lines: [] }) } }),
  steps: (saga) =>
    saga
      .step("first", {
        request: ({ input: given, results, sagaId }) => {
          expectTypeOf(given.lines[0]?.count).toEqualTypeOf<number | undefined>()
          expectTypeOf(sagaId).toEqualTypeOf<string>()
          // @ts-expect-error nothing is answered yet
          results.second
          return { actor: Booking, id: "1", command: { type: "Book", what: "it" } }
        },
        compensate: ({ result }) => {
          expectTypeOf(result).toEqualTypeOf<Code>()
          return undefined
        },
      })
      .forEach("each", {
        items: ({ input: given }) => given.lines,
        key: (line) => line.sku,
        request: ({ item, key, results }) => {
          expectTypeOf(item.count).toEqualTypeOf<number>()
          expectTypeOf(key).toEqualTypeOf<string>()
          expectTypeOf(results.first).toEqualTypeOf<Code>()
          return { actor: Booking, id: key, command: { type: "Free", code: item.sku } }
        },
        compensate: ({ item, result }) => {
          expectTypeOf(result).toEqualTypeOf<undefined>()
          return { actor: Booking, id: item.sku, command: { type: "Note", text: "freed" } }
        },
      })
      .parallel("group", (group) =>
        group
          .step("a", {
            when: ({ results }) => results.first.code !== "",
            request: () => ({ actor: Booking, id: "a", command: { type: "Book", what: "a" } }),
          })
          .step("b", {
            request: ({ results }) => {
              // @ts-expect-error a branch does not see another
              results.a
              return { actor: Booking, id: results.first.code, command: { type: "Book", what: "b" } }
            },
          }),
      )
      .step("last", {
        request: ({ results }) => {
          expectTypeOf(results.group.a).toEqualTypeOf<Code | undefined>()
          expectTypeOf(results.group.b).toEqualTypeOf<Code>()
          // @ts-expect-error there is no result before the answer
          results.last
          return { actor: Booking, id: "last", command: { type: "Book", what: "last" } }
        },
      }),
  completed: ({ results }) => {
    expectTypeOf(results.last).toEqualTypeOf<Code>()
    return []
  },
  compensated: ({ results, cause }) => {
    expectTypeOf(results.last).toEqualTypeOf<Code | undefined>()
    expectTypeOf(cause).toEqualTypeOf<SagaCause>()
    return []
  },
})

defineSaga({
  type: "mistakes",
  input,
  steps: (saga) =>
    saga
      .step("unknown", {
        // @ts-expect-error the participant has no such command
        request: () => ({ actor: Booking, id: "1", command: { type: "Buy", what: "it" } }),
      })
      .step("payload", {
        // @ts-expect-error the command has another payload
        request: () => ({ actor: Booking, id: "1", command: { type: "Book", what: 5 } }),
      })
      .step("undo", {
        request: () => ({ actor: Booking, id: "1", command: { type: "Book", what: "it" } }),
        // @ts-expect-error the compensation's command has a code
        compensate: () => ({ actor: Booking, id: "1", command: { type: "Free" } }),
      })
      // @ts-expect-error a step asks for something
      .step("silent", { timeoutMs: 5 })
      // @ts-expect-error the nested saga has an input of its own
      .nested("trip", Trip, { start: ({ sagaId }) => ({ id: sagaId, input: { seats: [] } }) }),
})

defineSaga({
  type: "started",
  input,
  startsWhen: {
    from: Booking,
    event: "Booked",
    saga: ({ event: booked, id }) => {
      expectTypeOf(booked.code).toEqualTypeOf<string>()
      return booked.code === "" ? undefined : { id, input: { lines: [] } }
    },
  },
  steps: (saga) =>
    saga.step("only", {
      request: () => ({ actor: Booking, id: "1", command: { type: "Book", what: "it" } }),
    }),
})

const anySteps = Trip as never
defineSaga({
  type: "after",
  input,
  startsWhen: {
    from: Trip,
    event: "SagaStarted",
    saga: ({ event: begun, id }) => {
      expectTypeOf(begun.input.withCar).toEqualTypeOf<boolean>()
      return { id, input: { lines: [] } }
    },
  },
  steps: anySteps,
})
defineSaga({
  type: "started",
  input,
  startsWhen: {
    from: Booking,
    event: "Booked",
    // @ts-expect-error the event that starts a saga gives its input
    saga: ({ id }) => ({ id, input: 5 }),
  },
  steps: anySteps,
})
defineSaga({
  type: "started",
  input,
  startsWhen: {
    from: Booking,
    // @ts-expect-error the actor has no such event
    event: "Lost",
    saga: ({ id }) => ({ id, input: { lines: [] } }),
  },
  steps: anySteps,
})
