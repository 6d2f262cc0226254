/** What a saga is as an actor, its picture, and which definitions are refused. */
import { Schema } from "effect"
import { describe, expect, test } from "vitest"
import { createMachine } from "xstate"
import { defineEvent, defineSaga, InvalidDefinition, type SagaSteps } from "../../../runtime/index.ts"
import { ScenarioFailed, testActor } from "../../../runtime/testing.ts"
import { Booking, Trip } from "./Trip.ts"

const book = { actor: Booking, id: "1", command: { type: "Book", what: "it" } } as const
const Empty = Schema.Struct({})

describe("a saga as an actor", () => {
  test("is started once, with an input that its schema accepts", () => {
    const start = { type: "Start", input: { seats: ["1A"], withCar: false } } as const
    const begun = { type: "SagaStarted", input: start.input, parent: null, plan: Trip.plan.ref } as const
    testActor(Trip.actor)
      .when(start)
      .then([{ type: "SagaRulesSet", rules: 2 }, begun])
      .then({ state: "seats", version: 2 })
    testActor(Trip.actor)
      .given(begun)
      .when(start)
      .then({ _tag: "Rejection", reason: "NotAccepted", detail: undefined })
    testActor(Trip.actor)
      .when({ type: "Start", input: { seats: "all" } } as never)
      .thenInvalid("input.seats")
  })

  test("stores who asked for what by hand, and why", () => {
    testActor(Trip.actor)
      .given({ type: "SagaStarted", input: { seats: ["1A"], withCar: false }, parent: null })
      .when({ type: "Cancel", by: "kim", note: "ill" })
      .then({ type: "SagaCancelled", by: "kim", note: "ill" })
      .then({ state: "compensating" })
    testActor(Trip.actor)
      .when({ type: "Abort", by: "kim" } as never)
      .thenInvalid("note")
    expect(() => testActor(Trip.actor).when({ type: "Abort", by: "kim", note: "" }).then([])).toThrow(
      ScenarioFailed,
    )
  })

  test("says which event starts it, and with what", () => {
    expect(Trip.startsWhen?.from).toBe(Booking)
    expect(Trip.startsWhen?.event).toBe("Requested")
    const started = Trip.startsWhen?.saga({ event: { type: "Requested", seats: ["1A"] }, id: "b-1" })
    expect(started).toEqual({ id: "b-1", input: { seats: ["1A"], withCar: false } })
  })

  test("reads the input of an older version through its upcaster", () => {
    const Grown = defineSaga({
      type: "grown",
      input: defineEvent({
        version: 2,
        schema: Schema.Struct({ who: Schema.Array(Schema.String) }),
        upcast: { 1: ({ name }: { name: string }) => ({ who: [name] }) },
      }),
      steps: (saga) => saga.step("a", { request: () => book }),
    })
    testActor(Grown.actor)
      .givenStored({ t: "SagaStarted", v: 1, d: { input: { name: "ann" }, parent: null } })
      .then({ context: { input: { who: ["ann"] } } })
  })
})

describe("the picture of a saga", () => {
  test("in Mermaid: steps, groups, and the way back", () => {
    expect(Trip.describe().mermaid).toMatchInlineSnapshot(`
      "stateDiagram-v2
        [*] --> idle
        idle --> seats: started
        seats: seats for each item
        state extras {
          extras_hotel: extras.hotel
          --
          extras_insurance: extras.insurance
        }
        car: car, if needed
        payment: payment
        seats --> extras: done
        extras --> car: done
        car --> payment: done
        payment --> completed: done
        seats --> compensating: failed, timed out or cancelled
        extras --> compensating: failed, timed out or cancelled
        car --> compensating: failed, timed out or cancelled
        payment --> compensating: failed, timed out or cancelled
        completed --> compensating: undone by the saga above
        state compensating {
          undo_payment: undo payment
          undo_car: undo car, if needed
          undo_extras_hotel: undo extras.hotel
          undo_seats: undo seats for each item
          undo_payment --> undo_car
          undo_car --> undo_extras_hotel
          undo_extras_hotel --> undo_seats
        }
        note right of compensating: In reverse order of completion
        compensating --> compensated: all undone
        compensating --> stuck: a compensation failed, or no answer came
        stuck --> compensating: Retry, Skip, Resolve or a late answer
        stuck --> aborted: Abort
        compensating --> aborted: Abort
        completed --> [*]
        compensated --> [*]
        aborted --> [*]
      "
    `)
  })

  test("for Stately: plain JSON that XState makes a machine of", () => {
    const { stately } = Trip.describe()
    expect(JSON.parse(JSON.stringify(stately))).toEqual(stately)
    expect(Object.keys(createMachine(stately).states)).toEqual([
      "idle",
      "seats",
      "extras",
      "car",
      "payment",
      "completed",
      "compensating",
      "stuck",
      "compensated",
      "aborted",
    ])
    expect(createMachine(stately).states.extras?.description).toBe(
      "extras.hotel; undone when the saga fails. extras.insurance; nothing to undo.",
    )
    expect(Object.keys(createMachine(stately).states.extras?.states ?? {})).toEqual(["hotel", "insurance"])
  })
})

describe("a definition is refused", () => {
  const refusal = (make: () => unknown): string => {
    try {
      make()
    } catch (cause) {
      if (cause instanceof InvalidDefinition) return cause.message
      throw cause
    }
    throw new Error("it was accepted")
  }
  type Steps = (saga: SagaSteps<typeof Empty.Type, unknown>) => unknown
  const define = (steps: Steps, more: object = {}) =>
    defineSaga({ type: "wrong", input: Empty, steps: steps as never, ...more })
  const one = { request: () => book }

  test.each<readonly [string, Steps, string]>([
    ["without steps", (saga) => saga, "a saga without steps"],
    ["with a step without a request", (saga) => saga.step("a", {} as never), 'step "a" without request'],
    ["with a list without items", (saga) => saga.forEach("a", one as never), 'step "a" without items'],
    ["with two steps of a name", (saga) => saga.step("a", one).step("a", one), 'two steps called "a"'],
    [
      "with two branches of a name",
      (saga) => saga.parallel("g", (group) => group.step("a", one).step("a", one)),
      'two steps called "g.a"',
    ],
    ["with an empty group", (saga) => saga.parallel("g", (group) => group), 'the parallel group "g"'],
    ["with a name that is none", (saga) => saga.step("a/b", one), 'the step\'s name "a/b"'],
    ["with a name of the saga's own", (saga) => saga.step("stuck", one), 'the step\'s name "stuck"'],
    [
      "with a negative time",
      (saga) => saga.step("a", { ...one, timeoutMs: -1 }),
      'timeoutMs of step "a": -1',
    ],
    ["with a time that is none", (saga) => saga.step("a", { ...one, timeoutMs: Number.NaN }), "NaN"],
    [
      "with a negative pause",
      (saga) => saga.step("a", { ...one, retry: { pauseFirstMs: -5 } }),
      'pauseFirstMs of step "a": -5',
    ],
    [
      "without an attempt",
      (saga) => saga.step("a", { ...one, compensationRetry: { attemptsMax: 0 } }),
      'attemptsMax of step "a": 0',
    ],
    ["that nests no saga", (saga) => saga.nested("a", undefined as never, {} as never), 'step "a"'],
  ])("%s", (_, steps, message) => {
    expect(refusal(() => define(steps))).toContain(message)
  })

  test("with a negative time-out of its own", () => {
    expect(refusal(() => define((saga) => saga.step("a", one), { timeoutMs: -1 }))).toContain("timeoutMs: -1")
  })

  test("where sagas nest each other in a cycle", () => {
    const Inner = defineSaga({ type: "wrong", input: Empty, steps: (saga) => saga.step("a", one) })
    const Middle = defineSaga({
      type: "middle",
      input: Empty,
      steps: (saga) => saga.nested("inner", Inner, { start: () => ({ id: "1", input: {} }) }),
    })
    const outer: Steps = (saga) => saga.nested("middle", Middle, { start: () => ({ id: "1", input: {} }) })
    expect(refusal(() => define(outer))).toContain("nest each other in a cycle")
    const itself = () => {
      const Self: typeof Inner = define((saga) =>
        saga.nested("self", Self, { start: () => ({ id: "1", input: {} }) }),
      ) as never
      return Self
    }
    expect(refusal(itself)).toContain("nest each other in a cycle")
  })
})
