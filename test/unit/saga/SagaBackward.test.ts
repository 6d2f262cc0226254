/** How a saga undoes what was done. */
import { Schema } from "effect"
import { describe, expect, test } from "vitest"
import { DEFAULTS, defineSaga } from "../../../runtime/index.ts"
import { broken, no, ok, SagaDriver } from "./SagaDriver.ts"
import { Booking, Trip } from "./Trip.ts"

const trip = (seats: ReadonlyArray<string> = ["1A", "1B"], withCar = false) =>
  new SagaDriver(Trip, { seats, withCar })

const extras = () =>
  trip()
    .answer("do:1:seats/1B", ok({ code: "b" }))
    .answer("do:1:seats/1A", ok({ code: "a" }))

/** A saga that is on its way back from the payment: seats 1B, 1A, then insurance and hotel were completed. */
const atFailedPayment = () =>
  extras()
    .answer("do:1:extras.insurance")
    .answer("do:1:extras.hotel", ok({ code: "h" }))
    .answer("do:1:payment", no())

describe("a saga that failed", () => {
  test("undoes in reverse order of completion, one after the other, with the result of each", () => {
    const saga = atFailedPayment()
    expect(saga.sent).toMatchObject([{ as: "undo:1:extras.hotel", command: { type: "Free", code: "h" } }])
    saga.answer("undo:1:extras.hotel")
    // Nothing is to be undone of the insurance.
    expect(saga.sent).toMatchObject([{ as: "undo:1:seats/1A", command: { code: "a" } }])
    expect(saga.statusOf("extras.insurance")).toBe("compensated")
    saga.answer("undo:1:seats/1A")
    expect(saga.asked).toEqual(["undo:1:seats/1B"])
    saga.answer("undo:1:seats/1B")
    expect(saga.at).toBe("compensated")
    expect(saga.state.status).toBe("done")
    expect(saga.sent).toMatchObject([{ _tag: "Tell", command: { text: "gave up: No" } }])
    expect(saga.timers.size).toBe(0)
  })

  test("undoes nothing before it knows what came of a request that is out", () => {
    const saga = extras().answer("do:1:extras.insurance", no())
    expect(saga.asked).toEqual([])
    expect(saga.ledger.outCount).toBe(1)
    expect(saga.answer("do:1:extras.hotel", no()).asked).toEqual(["undo:1:seats/1A"])
    expect(saga.answer("undo:1:seats/1A").answer("undo:1:seats/1B").at).toBe("compensated")
  })

  test("undoes what completes late, after a time-out, before what was completed earlier", () => {
    const saga = extras().fire("timeout:extras.hotel").answer("do:1:extras.insurance", no())
    expect(saga.asked).toEqual([])
    saga.answer("do:1:extras.hotel", ok({ code: "late" }))
    expect(saga.sent).toMatchObject([{ as: "undo:1:extras.hotel", command: { code: "late" } }])
    expect(saga.answer("undo:1:extras.hotel").asked).toEqual(["undo:1:seats/1A"])
    expect(saga.answer("undo:1:seats/1A").answer("undo:1:seats/1B").at).toBe("compensated")
    expect(saga.ledger.cause?.kind).toBe("StepTimedOut")
  })

  test("waits for an earlier attempt of a step in that step's turn, not before", () => {
    const saga = extras()
      .answer("do:1:extras.insurance")
      .answer("do:1:extras.hotel")
      .fire("timeout:payment")
      .fire("retry:payment")
      .answer("do:2:payment")
    // The payment is done, and its first attempt is out: nothing before it is undone.
    saga.take({ type: "SagaUndoAsked", replyTo: { to: "above/1", as: "undo:1:x", re: "m" } })
    expect(saga.asked).toEqual([])
    expect(saga.answer("do:1:payment", no()).asked).toEqual(["undo:1:payment"])
  })

  test("does not undo a step while another attempt of it is out, since that one could do it again", () => {
    const saga = extras().answer("do:1:extras.insurance").answer("do:1:extras.hotel")
    saga.fire("timeout:payment").fire("retry:payment").take({ type: "SagaCancelled", by: "kim", note: "no" })
    saga.answer("do:1:payment", ok({ code: "p" }))
    expect(saga.statusOf("payment")).toBe("done")
    expect(saga.asked).toEqual([])
    expect(saga.answer("do:2:payment", no()).asked).toEqual(["undo:1:payment"])
  })

  test("makes no further attempt of a step that was in a pause", () => {
    const saga = trip().answer("do:1:seats/1A", broken()).answer("do:1:seats/1B", no())
    expect(saga.statusOf("seats/1A")).toBe("cancelled")
    expect(saga.timers.size).toBe(0)
    expect(saga.at).toBe("compensated")
  })

  test("takes a compensation for done that has nothing to send", () => {
    const Lazy = defineSaga({
      type: "lazy",
      input: Schema.Struct({}),
      steps: (saga) =>
        saga
          .step("a", {
            request: () => ({ actor: Booking, id: "a", command: { type: "Book", what: "a" } }),
            compensate: () => undefined,
          })
          .step("b", { request: () => ({ actor: Booking, id: "b", command: { type: "Book", what: "b" } }) }),
    })
    expect(new SagaDriver(Lazy, {}).answer("do:1:a").answer("do:1:b", no()).at).toBe("compensated")
  })
})

describe("cancelling", () => {
  test("undoes what was done, and says who and why", () => {
    const saga = extras().take({ type: "SagaCancelled", by: "kim", note: "ill" })
    expect(saga.ledger.cause).toEqual({ kind: "Cancelled", item: null, reason: "ill", detail: { by: "kim" } })
    expect(saga.asked).toEqual([])
    expect([...saga.timers.keys()]).toEqual(["silence"])
  })

  test("is refused before the start, after the completion, and on the way back", () => {
    const cancelled = { type: "SagaCancelled", by: "kim", note: "ill" }
    expect(Trip.actor.machine.transition(Trip.actor.machine.initial("s"), cancelled, "a")).toBeUndefined()
    expect(atFailedPayment().accepts(cancelled)).toBe(false)
    const done = extras().answer("do:1:extras.insurance").answer("do:1:extras.hotel").answer("do:1:payment")
    expect(done.at).toBe("completed")
    expect(done.accepts(cancelled)).toBe(false)
  })
})

describe("a compensation that does not work", () => {
  test("is tried again with growing pauses, in its place in the order", () => {
    const saga = atFailedPayment()
    let pauseBefore = 0
    for (let attempt = 1; attempt < 5; attempt++) {
      saga.answer(`undo:${attempt}:extras.hotel`, broken())
      const pause = saga.timers.get("retry:extras.hotel")?.delayMs ?? 0
      expect(pause).toBeGreaterThan(pauseBefore / 2)
      pauseBefore = pause
      saga.fire("retry:extras.hotel")
      expect(saga.asked).toEqual([`undo:${attempt + 1}:extras.hotel`])
    }
    expect(saga.answer("undo:5:extras.hotel").asked).toEqual(["undo:1:seats/1A"])
  })

  test("makes the saga stuck after the last attempt, with the reason", () => {
    const saga = atFailedPayment()
    const { attemptsMax } = DEFAULTS.saga.compensationRetry
    for (let attempt = 1; attempt < attemptsMax; attempt++) {
      saga.answer(`undo:${attempt}:extras.hotel`, broken()).fire("retry:extras.hotel")
    }
    saga.answer(`undo:${attemptsMax}:extras.hotel`, broken("Down"))
    expect(saga.at).toBe("stuck")
    expect(saga.ledger.stuck).toEqual({ item: "extras.hotel", reason: "Down" })
    expect(saga.timers.size).toBe(0)
  })

  test("makes the saga stuck at once where it is rejected or throws", () => {
    expect(atFailedPayment().answer("undo:1:extras.hotel", no("Departed")).ledger.stuck?.reason).toBe(
      "Departed",
    )
    const unreadable = extras().answer("do:1:extras.hotel", ok(null)).answer("do:1:extras.insurance", no())
    expect(unreadable.ledger.stuck?.item).toBe("extras.hotel")
  })

  test("stops the way back: nothing that was completed earlier is undone", () => {
    const saga = atFailedPayment().answer("undo:1:extras.hotel", no("Departed"))
    expect(saga.at).toBe("stuck")
    expect(saga.asked).toEqual([])
    expect(saga.operate("SagaSkipped", { item: "extras.hotel" }).asked).toEqual(["undo:1:seats/1A"])
  })
})

describe("operators", () => {
  const stuck = () => atFailedPayment().answer("undo:1:extras.hotel", no("Departed"))

  test("retry: the same compensation again, with all its attempts", () => {
    const saga = stuck().operate("SagaRetried", { item: "extras.hotel" })
    expect(saga.at).toBe("compensating")
    expect(saga.asked).toEqual(["undo:2:extras.hotel"])
    saga.answer("undo:2:extras.hotel", broken())
    expect(saga.at).toBe("compensating")
    expect(saga.fire("retry:extras.hotel").answer("undo:3:extras.hotel").asked).toEqual(["undo:1:seats/1A"])
  })

  test("skip: it counts as undone", () => {
    const saga = stuck().operate("SagaSkipped", { item: "extras.hotel" })
    expect(saga.statusOf("extras.hotel")).toBe("compensated")
    expect(saga.asked).toEqual(["undo:1:seats/1A"])
    expect(saga.answer("undo:1:seats/1A").answer("undo:1:seats/1B").at).toBe("compensated")
  })

  test("resolve: it counts as undone, with what came of it", () => {
    const saga = stuck().operate("SagaResolved", { item: "extras.hotel", result: { refundedByHand: 5 } })
    expect(saga.item("extras.hotel")?.resolution).toEqual({ refundedByHand: 5 })
    expect(saga.asked).toEqual(["undo:1:seats/1A"])
  })

  test("resolve a step that does not answer: it counts as done, and the late answer has no effect", () => {
    const saga = trip([]).answer("do:1:extras.insurance")
    saga.operate("SagaResolved", { item: "extras.hotel", result: { code: "by phone" } })
    expect(saga.at).toBe("payment")
    expect(saga.answer("do:1:extras.hotel", no()).at).toBe("payment")
    saga.answer("do:1:payment", no())
    expect(saga.sent).toMatchObject([{ as: "undo:1:extras.hotel", command: { code: "by phone" } }])
  })

  test("abort: nothing more is done", () => {
    const saga = stuck().operate("SagaAborted")
    expect(saga.at).toBe("aborted")
    expect(saga.state.status).toBe("done")
    expect(saga.asked).toEqual([])
    const inPause = atFailedPayment().answer("undo:1:extras.hotel", broken()).operate("SagaAborted")
    expect(inPause.timers.size).toBe(0)
  })

  test("are refused where there is nothing to decide, or something else than they think", () => {
    const signed = { by: "kim", note: "" }
    for (const type of ["SagaRetried", "SagaSkipped", "SagaResolved"]) {
      expect(stuck().accepts({ type, item: "seats/1A", result: null, ...signed })).toBe(false)
      expect(atFailedPayment().accepts({ type, item: "extras.hotel", result: null, ...signed })).toBe(false)
    }
    expect(trip().accepts({ type: "SagaResolved", item: "payment", result: null, ...signed })).toBe(false)
    expect(trip().accepts({ type: "SagaAborted", ...signed })).toBe(false)
  })

  test("are asked where `compensated` of the definition throws", () => {
    let isBroken = true
    const Wrong = defineSaga({
      type: "wrong",
      input: Schema.Struct({}),
      steps: (saga) =>
        saga.step("a", {
          request: () => ({ actor: Booking, id: "a", command: { type: "Book", what: "a" } }),
        }),
      compensated: () => {
        if (isBroken) throw new Error("boom")
        return []
      },
    })
    const wrong = () => new SagaDriver(Wrong, {}, { hasParent: true }).answer("do:1:a", no())
    expect(wrong().ledger.stuck).toEqual({ item: "compensated", reason: "boom" })
    expect(wrong().operate("SagaRetried", { item: "compensated" }).at).toBe("stuck")
    expect(wrong().operate("SagaSkipped", { item: "compensated" }).at).toBe("compensated")
    isBroken = false
    // One stuck saga made before the definition was mended.
    const mended = wrong()
    expect(mended.at).toBe("compensated")
    expect(mended.sent).toMatchObject([{ _tag: "Answer", answer: { ok: false, reason: "SagaCompensated" } }])
  })
})
