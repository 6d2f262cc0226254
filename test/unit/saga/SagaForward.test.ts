/** How a saga goes on. */
import { Schema } from "effect"
import { describe, expect, test } from "vitest"
import { defineSaga, LIMITS, type SagaSteps } from "../../../runtime/index.ts"
import { broken, no, ok, SagaDriver } from "./SagaDriver.ts"
import { Booking, Trip } from "./Trip.ts"

const trip = (seats: ReadonlyArray<string> = ["1A", "1B"], withCar = false) =>
  new SagaDriver(Trip, { seats, withCar })

/** A trip whose payment is asked for. */
const atPayment = () =>
  trip()
    .answer("do:1:seats/1A")
    .answer("do:1:seats/1B", ok({ code: "b" }))
    .answer("do:1:extras.insurance")
    .answer("do:1:extras.hotel")

describe("a saga without trouble", () => {
  test("asks for all items of a list at once, and goes on when all are done", () => {
    const saga = trip()
    expect(saga.asked).toEqual(["do:1:seats/1A", "do:1:seats/1B"])
    saga.answer("do:1:seats/1B")
    expect(saga.asked).toEqual([])
    saga.answer("do:1:seats/1A")
    expect(saga.asked).toEqual(["do:1:extras.hotel", "do:1:extras.insurance"])
    expect(saga.at).toBe("extras")
  })

  test("skips a step whose condition does not hold, and gives results to later steps by key", () => {
    const saga = atPayment()
    expect(saga.statusOf("car")).toBe("skipped")
    expect(saga.sent).toMatchObject([{ key: "booking/payment", command: { type: "Book", what: "1A+1B" } }])
  })

  test("does the step where the condition holds, with results from within a parallel group", () => {
    const saga = trip([], true)
      .answer("do:1:extras.insurance")
      .answer("do:1:extras.hotel", ok({ code: "h" }))
    expect(saga.sent).toMatchObject([{ key: "booking/car", command: { what: "near h" } }])
  })

  test("goes past a list without items", () => {
    expect(trip([]).at).toBe("extras")
  })

  test("sends what `completed` says when it is completed, and leaves no timer", () => {
    const saga = atPayment().answer("do:1:payment", ok({ code: "p" }))
    expect(saga.at).toBe("completed")
    expect(saga.sent).toMatchObject([{ _tag: "Tell", command: { type: "Note", text: "booked p" } }])
    expect(saga.timers.size).toBe(0)
  })

  test("sends nothing twice: an answer that comes again, or from another request, has no effect", () => {
    const saga = trip()
      .answer("do:1:seats/1A")
      .answer("do:1:seats/1A")
      .answer("do:1:seats/1C")
      .answer("other")
    expect(saga.at).toBe("seats")
    expect(saga.sent).toEqual([])
    expect(saga.ledger.outCount).toBe(1)
  })
})

describe("a step that gets no answer that decides it", () => {
  test("is tried again after a pause that doubles, with a jitter that is the same each time", () => {
    const saga = atPayment().answer("do:1:payment", broken())
    expect(saga.statusOf("payment")).toBe("pausing")
    const first = saga.timers.get("retry:payment")?.delayMs ?? 0
    expect(first).toBeGreaterThanOrEqual(50)
    expect(first).toBeLessThanOrEqual(100)
    expect(atPayment().answer("do:1:payment", broken()).timers.get("retry:payment")?.delayMs).toBe(first)
    saga.fire("retry:payment")
    expect(saga.asked).toEqual(["do:2:payment"])
    const second = saga.answer("do:2:payment", broken()).timers.get("retry:payment")?.delayMs ?? 0
    expect(second).toBeGreaterThanOrEqual(75)
    expect(second).toBeLessThanOrEqual(150)
  })

  test("has its jitter from the saga's id, so that sagas that failed together come back apart", () => {
    const pauses = Array.from({ length: 20 }, (_, n) => {
      const saga = new SagaDriver(Trip, { seats: ["1A"], withCar: false }, { id: `s-${n}` })
      return saga.answer("do:1:seats/1A", broken()).timers.get("retry:seats/1A")?.delayMs
    })
    expect(new Set(pauses).size).toBeGreaterThan(10)
  })

  test("fails the saga after its last attempt", () => {
    const saga = atPayment()
    for (const attempt of [1, 2]) saga.answer(`do:${attempt}:payment`, broken()).fire("retry:payment")
    saga.answer("do:3:payment", broken("Down"))
    expect(saga.statusOf("payment")).toBe("failed")
    expect(saga.ledger.cause).toEqual({ kind: "StepFailed", item: "payment", reason: "Down" })
  })

  test("is not tried again when it is rejected", () => {
    const saga = atPayment().answer("do:1:payment", no("Broke"))
    expect(saga.ledger.cause).toEqual({ kind: "StepRejected", item: "payment", reason: "Broke" })
    expect([...saga.timers.keys()]).toEqual(["silence"])
    expect(saga.asked).toEqual(["undo:1:extras.hotel"])
  })
})

describe("a time-out", () => {
  test("fails the saga, and leaves the request to be awaited", () => {
    const saga = trip([]).fire("timeout:extras.hotel")
    expect(saga.at).toBe("compensating")
    expect(saga.ledger.cause).toEqual({
      kind: "StepTimedOut",
      item: "extras.hotel",
      reason: "no answer within 1000 ms",
    })
    expect(saga.ledger.outCount).toBe(2)
  })

  test("is over once the answer is there, and a stale one has no effect", () => {
    const saga = trip([])
    const { event } = saga.timers.get("timeout:extras.hotel") as { event: { type: string } }
    saga.answer("do:1:extras.hotel")
    expect(saga.timers.has("timeout:extras.hotel")).toBe(false)
    expect(saga.take(event).at).toBe("extras")
  })

  test("makes another attempt where the step says so; the answer to either counts", () => {
    const saga = atPayment().fire("timeout:payment").fire("retry:payment")
    expect(saga.asked).toEqual(["do:2:payment"])
    saga.answer("do:1:payment", ok({ code: "first" }))
    expect(saga.at).toBe("completed")
    expect(saga.timers.size).toBe(0)
    expect(saga.answer("do:2:payment", ok({ code: "second" })).item("payment")?.result).toEqual({
      code: "first",
    })
  })

  test("during the pause before the next attempt the late answer ends the pause", () => {
    const saga = atPayment().fire("timeout:payment").answer("do:1:payment")
    expect(saga.at).toBe("completed")
    expect(saga.timers.size).toBe(0)
  })

  test("a late rejection decides nothing while a newer attempt is out", () => {
    const saga = atPayment().fire("timeout:payment").fire("retry:payment").answer("do:1:payment", no())
    expect(saga.at).toBe("payment")
    expect(saga.answer("do:2:payment").at).toBe("completed")
  })

  test("fails the saga after the last attempt", () => {
    const saga = atPayment().fire("timeout:payment").fire("retry:payment").fire("timeout:payment")
    saga.fire("retry:payment").fire("timeout:payment")
    expect(saga.statusOf("payment")).toBe("timedOut")
    expect(saga.ledger.outCount).toBe(3)
    // Nothing is undone while the payment is not known.
    expect(saga.asked).toEqual([])
  })

  test("of the whole saga fails it", () => {
    const saga = atPayment().fire("deadline")
    expect(saga.ledger.cause?.kind).toBe("SagaTimedOut")
    expect(saga.at).toBe("compensating")
  })
})

describe("functions of the definition that go wrong fail the saga, and say where", () => {
  const Input = Schema.Struct({ items: Schema.Array(Schema.String) })
  const book = (id: string) => ({ actor: Booking, id, command: { type: "Book", what: "x" } }) as const
  const run = (
    steps: (saga: SagaSteps<typeof Input.Type, unknown>) => unknown,
    items: ReadonlyArray<string> = [],
  ) => new SagaDriver(defineSaga({ type: "wrong", input: Input, steps: steps as never }), { items })
  const boom = () => {
    throw new Error("boom")
  }

  test.each<readonly [string, (saga: SagaSteps<typeof Input.Type, unknown>) => unknown]>([
    ["when", (saga) => saga.step("a", { when: boom, request: () => book("a") })],
    ["request", (saga) => saga.step("a", { request: boom })],
    ["items", (saga) => saga.forEach("a", { items: boom, key: String, request: () => book("a") })],
  ])("%s", (_, steps) => {
    const saga = run(steps)
    expect(saga.at).toBe("compensated")
    expect(saga.ledger.cause).toEqual({ kind: "DefinitionThrew", item: "a", reason: "boom" })
  })

  test.each([
    ["two items with the same key", ["x", "y", "x"], 'two items with the key "x"'],
    ["an empty key", [""], 'the key ""'],
    ["a key that is none in JSON", ["__proto__"], "__proto__"],
    ["too many items", Array.from({ length: LIMITS.sagaItemCount + 1 }, (_, n) => String(n)), "1001 items"],
  ])("%s", (_, items, reason) => {
    const saga = run(
      (steps) =>
        steps.forEach("a", { items: ({ input }) => input.items, key: String, request: () => book("a") }),
      items,
    )
    expect(saga.log).toEqual([])
    expect(saga.at).toBe("compensated")
    expect(saga.ledger.cause?.reason).toContain(reason)
  })

  test("a request to an id that is none, in the middle of a list: what was asked for is awaited and undone", () => {
    const saga = run(
      (steps) =>
        steps.forEach("a", {
          items: ({ input }) => input.items,
          key: (item) => `k${item}`,
          request: ({ item }) => book(item),
          compensate: ({ item }) => book(item),
        }),
      ["1", "", "3"],
    )
    expect(saga.asked).toEqual(["do:1:a/k1"])
    expect(saga.at).toBe("compensating")
    expect(saga.answer("do:1:a/k1").asked).toEqual(["undo:1:a/k1"])
    expect(saga.answer("undo:1:a/k1").at).toBe("compensated")
  })

  test("`completed`", () => {
    const Wrong = defineSaga({
      type: "wrong",
      input: Input,
      steps: (steps) => steps.step("a", { request: () => book("a"), compensate: () => book("a") }),
      completed: boom,
    })
    const saga = new SagaDriver(Wrong, { items: [] }).answer("do:1:a")
    expect(saga.ledger.cause).toEqual({ kind: "DefinitionThrew", item: null, reason: "boom" })
    expect(saga.asked).toEqual(["undo:1:a"])
  })
})
