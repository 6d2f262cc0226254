/** Every outcome of a saga, and sagas that are wrong. */
import { Schema } from "effect"
import { describe, expect, test } from "vitest"
import type { AnyEvent } from "../../../runtime/index.ts"
import {
  type AnySaga,
  checkSaga,
  defineSaga,
  type MachineState,
  type Outgoing,
  SagaCheckFailed,
} from "../../../runtime/index.ts"
import type { Intent } from "../../../runtime/machine/Intent.ts"
import { outgoingOf } from "../../../runtime/message/Outgoing.ts"
import { answer, fire, started } from "../../../runtime/saga/SagaWorld.ts"
import { Booking, Journey, Trip } from "./Trip.ts"

const code = { code: "c" }
const replies = { seats: code, "extras.hotel": code, "extras.insurance": code, car: code, payment: code }
const input = { seats: ["1A", "1B"], withCar: true }

const Pair = defineSaga({
  type: "pair",
  input: Schema.Struct({}),
  steps: (saga) =>
    saga
      .step("first", {
        request: () => ({ actor: Booking, id: "1", command: { type: "Book", what: "1" } }),
        compensate: () => ({ actor: Booking, id: "1", command: { type: "Free", code: "1" } }),
      })
      .step("second", {
        timeoutMs: 10,
        request: () => ({ actor: Booking, id: "2", command: { type: "Book", what: "2" } }),
        compensate: () => ({ actor: Booking, id: "2", command: { type: "Free", code: "2" } }),
      })
      .step("third", { request: () => ({ actor: Booking, id: "3", command: { type: "Book", what: "3" } }) }),
})

/** The saga on a machine that has something wrong with it. */
const spoilt = (
  saga: AnySaga,
  wrong: {
    readonly intents?: (intents: ReadonlyArray<Intent>) => ReadonlyArray<Intent>
    readonly event?: (event: AnyEvent) => AnyEvent
  },
): AnySaga => {
  const { machine } = saga.actor
  const double = {
    initial: (id: string) => machine.initial(id),
    transition: (state: MachineState, event: AnyEvent) =>
      machine.transition(state, wrong.event?.(event) ?? event, "a"),
    takeIntents: () => wrong.intents?.(machine.takeIntents()) ?? machine.takeIntents(),
  }
  return { ...saga, actor: { ...saga.actor, machine: double as never } }
}

/** What is sent under one name goes out under another. */
const renamed = (names: (as: string) => string | undefined) => (intents: ReadonlyArray<Intent>) =>
  intents.map((intent): Intent => {
    if (intent._tag !== "Send") return intent
    const make = () =>
      outgoingOf(intent.make()).flatMap((outgoing): ReadonlyArray<Outgoing> => {
        if (outgoing._tag !== "Request") return [outgoing]
        const as = names(outgoing.as)
        return as === undefined ? [] : [{ ...outgoing, as }]
      })
    return { ...intent, make }
  })

const swap = (as: string): string =>
  as.startsWith("undo") ? as.replace(/first|second/, (name) => (name === "first" ? "second" : "first")) : as

const failureOf = (saga: AnySaga): SagaCheckFailed => {
  try {
    checkSaga(saga, { input: {} })
  } catch (cause) {
    if (cause instanceof SagaCheckFailed) return cause
    throw cause
  }
  throw new Error("the check passed")
}

describe("checkSaga", () => {
  test("proves a saga of three steps, and counts its paths", () => {
    expect(checkSaga(Pair, { input: {} })).toMatchInlineSnapshot(`
      {
        "endings": {
          "compensated": 60,
          "completed": 1,
          "stuck": 118,
        },
        "pathCount": 179,
        "stateCount": 119,
        "unbounded": [
          "first",
          "third",
        ],
      }
    `)
  })

  test("proves a saga with a list, a parallel group, a condition, time-outs and retries, in every order", () => {
    const { endings, pathCount, stateCount } = checkSaga(Trip, { input, replies })
    // Two orders of the seats times two of the extras.
    expect(endings.completed).toBe(4)
    expect(endings.compensated).toBeGreaterThan(500)
    expect(endings.stuck).toBeGreaterThan(500)
    expect(pathCount).toBe(endings.completed + endings.compensated + endings.stuck)
    expect(stateCount).toBeLessThan(pathCount)
  })

  test("proves a saga with a nested one", () => {
    const { endings } = checkSaga(Journey, {
      input: { who: "ann" },
      replies: { "both.trip": { payment: code }, "both.visa": code },
    })
    expect(endings.completed).toBe(2)
  })

  test("finds compensations in the wrong order, and prints the path", () => {
    const wrong = spoilt(Pair, {
      intents: renamed(swap),
      event: (event) => (typeof event.as === "string" ? { ...event, as: swap(event.as) } : event),
    })
    const failure = failureOf(wrong)
    expect(failure.what).toBe('"first" is undone, and it is the turn of "second"')
    expect(failure.path.slice(0, 3)).toEqual(["started", "first: ok", "second: ok"])
    expect(failure.message).toContain("\n  2. first: ok\n  3. second: ok\n")
  })

  test("finds a compensation that is left out", () => {
    const wrong = spoilt(Pair, { intents: renamed((as) => (as.startsWith("undo:1:first") ? undefined : as)) })
    expect(failureOf(wrong).what).toBe('it waits for nothing, in state "compensating"')
  })

  test("finds a saga that undoes what came earlier while a later step may be done yet", () => {
    const wrong = spoilt(Pair, {
      event: (event) => (event.type === "SagaRulesSet" ? { ...event, rules: 1 } : event),
    })
    const asked = answer(started(wrong, "s", {}, {}), "do:1:first", { ok: true })
    expect(() => fire({ ...asked, way: "losing", losing: "second" }, "timeout:second")).toThrow(
      '"first" is undone although "second" may be done yet',
    )
  })

  test("finds a saga that would wait for ever for a participant that never answers", () => {
    const wrong = spoilt(Pair, {
      intents: (intents) => intents.filter((intent) => intent._tag !== "Timer" || intent.id !== "silence"),
    })
    const failure = failureOf(wrong)
    expect(failure.what).toBe("it waits for the answer to undo:1:second, and nothing ends that")
    expect(failure.path.at(-1)).toBe("third: rejected")
  })

  test("finds a timer that is left, and one that is cancelled too early", () => {
    const left = spoilt(Pair, { intents: (intents) => intents.filter(({ _tag }) => _tag !== "Cancel") })
    expect(failureOf(left).what).toBe("it ended with timers set: timeout:second")
  })

  test("finds a step that is taken for done although it was rejected", () => {
    const wrong = spoilt(Pair, {
      event: (event) => (event.as === "do:1:second" ? { ...event, answer: { ok: true } } : event),
    })
    expect(failureOf(wrong).path.at(-1)).toBe("second: rejected")
    expect(failureOf(wrong).what).toBe('"third" is asked for after the saga had failed')
  })

  test("finds a function that needs a reply that it does not get", () => {
    expect(() => checkSaga(Trip, { input })).toThrow(/a function of "car" threw: .* \(do the replies fit\?\)/)
  })

  test("refuses an input that the saga would not be started with", () => {
    expect(() => checkSaga(Trip, { input: { seats: "all" } as never })).toThrow(/input.seats/)
  })

  test("says so when there are more states than it may visit", () => {
    expect(() => checkSaga(Trip, { input, replies, statesMax: 100 })).toThrow(
      /more than 100 states. Give an input/,
    )
  })
})
