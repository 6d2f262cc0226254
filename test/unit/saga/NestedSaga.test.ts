/** A saga as a step of another: its end is the answer, and undoing the step undoes the saga. */
import { describe, expect, test } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { decide } from "../../../runtime/cell/Decide.ts"
import { NOTHING_PENDING } from "../../../runtime/cell/Pending.ts"
import { no, ok, SagaDriver } from "./SagaDriver.ts"
import { Journey, Trip } from "./Trip.ts"

const journey = () => new SagaDriver(Journey, { who: "ann" })
const trip = () => new SagaDriver(Trip, { seats: [], withCar: false }, { hasParent: true })
const toPayment = () => trip().answer("do:1:extras.insurance").answer("do:1:extras.hotel")
const REF = { to: "above/1", as: "undo:1:below", re: "m2" }

/** What comes of a command to a trip in this state. */
const ask = (
  state: unknown,
  payload: { type: string; by?: string; note?: string },
  replyTo: typeof REF | undefined,
) =>
  decide(
    Trip.actor,
    addressOf("trip", "t-1", 64),
    { state: state as never, version: 0, pending: NOTHING_PENDING },
    {
      _tag: "Command",
      type: payload.type,
      payload,
      given: payload,
      commandId: "c",
      fingerprint: "f",
      metadata: undefined,
      replyTo,
    },
    0,
  )

/** The answer that the commit carries; `undefined` where it is put off. */
const answerOf = (outcome: ReturnType<typeof ask>): unknown => {
  const { out = [] } = (outcome as { entry: { out?: ReadonlyArray<{ k: string; a?: unknown }> } }).entry
  return out.find(({ k }) => k === "answer")?.a
}

describe("the saga above", () => {
  test("starts the nested saga by a request, and takes its results as the answer", () => {
    const saga = journey()
    expect(saga.sent).toMatchObject([
      {
        _tag: "Request",
        key: "trip/s-1-trip",
        as: "do:1:both.trip",
        command: { type: "Start", input: { seats: ["ann"] } },
      },
      { as: "do:1:both.visa" },
    ])
    saga.answer("do:1:both.visa").answer("do:1:both.trip", ok({ payment: { code: "paid" } }))
    expect(saga.sent).toMatchObject([{ as: "do:1:farewell", command: { what: "paid" } }])
  })

  test("undoes a completed nested saga like any step", () => {
    const saga = journey()
      .answer("do:1:both.visa")
      .answer("do:1:both.trip", ok({ payment: { code: "p" } }))
    saga.answer("do:1:farewell", no())
    expect(saga.sent).toMatchObject([
      { key: "trip/s-1-trip", as: "undo:1:both.trip", command: { type: "Undo" } },
    ])
    expect(saga.answer("undo:1:both.trip").asked).toEqual(["undo:1:both.visa"])
  })

  test("cancels a nested saga that still runs when it fails itself, and awaits its end", () => {
    const saga = journey().answer("do:1:both.visa", no())
    expect(saga.sent).toMatchObject([
      { key: "trip/s-1-trip", as: "stop:1:both.trip", command: { type: "Cancel" } },
    ])
    saga.answer("stop:1:both.trip")
    expect(saga.at).toBe("compensating")
    expect(saga.answer("do:1:both.trip", no("SagaCompensated")).at).toBe("compensated")
  })

  test("undoes a nested saga that was completed before the cancellation reached it", () => {
    const saga = journey().fire("timeout:both.trip").answer("do:1:both.visa", no()).answer("do:1:both.trip")
    expect(saga.asked).toEqual(["undo:1:both.trip"])
    saga.answer("stop:1:both.trip", no("NotAccepted"))
    expect(saga.answer("undo:1:both.trip").at).toBe("compensated")
  })
})

describe("FAULT 78: a nested saga that another saga started", () => {
  const started = toPayment
  const commandTo = (state: unknown, payload: { type: string }, replyTo: typeof REF | undefined) =>
    ask(state, { by: "saga:other", note: "", ...payload }, replyTo)
  const stranger = { to: "above/2", as: "stop:1:below", re: "m3" }

  test("is not cancelled by a saga that is not its parent, nor as another step of it", () => {
    const { state } = started()
    for (const replyTo of [stranger, { ...stranger, to: "above/1", as: "stop:1:other" }]) {
      expect(answerOf(commandTo(state, { type: "Cancel" }, replyTo))).toMatchObject({
        ok: false,
        reason: "NotTheParent",
        isRejection: true,
      })
    }
    const own = commandTo(state, { type: "Cancel" }, { ...stranger, to: "above/1" })
    expect(answerOf(own)).toMatchObject({ ok: true })
    const unasked = commandTo(Trip.actor.machine.initial("t-1"), { type: "Cancel" }, stranger)
    expect(answerOf(unasked)).toMatchObject({ ok: false })
  })

  test("is cancelled by people, and by actors that ask", () => {
    const { state } = started()
    expect(commandTo(state, { type: "Cancel" }, undefined)._tag).toBe("Proposal")
    expect(answerOf(commandTo(state, { type: "Cancel" }, { ...stranger, as: "please" }))).toMatchObject({
      ok: true,
    })
  })

  test("is not undone by a saga that is not its parent", () => {
    const { state } = started().answer("do:1:payment", ok({ code: "p" }))
    const undo = (replyTo: typeof REF) => ask(state, { type: "Undo" }, replyTo)
    expect(answerOf(undo({ ...REF, to: "above/2" }))).toMatchObject({ ok: false, reason: "NotTheParent" })
    expect(answerOf(undo(REF))).toBeUndefined()
    expect(undo(REF)._tag).toBe("Proposal")
  })
})

describe("the nested saga", () => {
  test("answers with its results when it is completed, once", () => {
    const saga = toPayment().answer("do:1:payment", ok({ code: "p" }))
    expect(saga.sent.filter(({ _tag }) => _tag === "Answer")).toMatchObject([
      {
        to: { to: "above/1" },
        answer: { ok: true, reply: { seats: {}, extras: {}, payment: { code: "p" } } },
      },
    ])
    expect(saga.ledger.parent).toBeNull()
  })

  test("answers that it failed when it is compensated, not before", () => {
    const saga = toPayment().answer("do:1:payment", no("Broke"))
    expect(saga.sent.map(({ _tag }) => _tag)).toEqual(["Request"])
    saga.answer("undo:1:extras.hotel")
    expect(saga.sent).toMatchObject([
      { _tag: "Tell" },
      { _tag: "Answer", answer: { ok: false, isRejection: true, detail: { reason: "Broke" } } },
    ])
  })

  test("undoes itself after its completion when it is asked to, and answers when that is done", () => {
    const saga = toPayment().answer("do:1:payment").take({ type: "SagaUndoAsked", replyTo: REF })
    expect(saga.asked).toEqual(["undo:1:payment"])
    saga.answer("undo:1:payment").answer("undo:1:extras.hotel")
    expect(saga.at).toBe("compensated")
    expect(saga.sent.filter(({ _tag }) => _tag === "Answer")).toEqual([
      { _tag: "Answer", to: REF, answer: { ok: true } },
    ])
  })

  test("that is asked to undo itself on its way back goes on as before, and keeps its cause", () => {
    const saga = toPayment().answer("do:1:payment", no("Broke"))
    saga.take({ type: "SagaUndoAsked", replyTo: REF })
    expect([saga.at, saga.ledger.cause?.reason, saga.asked]).toEqual(["compensating", "Broke", []])
    // Nor is one set going that waits for an operator.
    saga.answer("undo:1:extras.hotel", no()).take({ type: "SagaUndoAsked", replyTo: REF })
    expect([saga.at, saga.ledger.cause?.reason, saga.asked]).toEqual(["stuck", "Broke", []])
  })

  test("says so to everybody who waits when an operator aborts it", () => {
    const saga = toPayment().answer("do:1:payment").take({ type: "SagaUndoAsked", replyTo: REF })
    saga.answer("undo:1:payment", no()).take({ type: "SagaUndoAsked", replyTo: { ...REF, re: "m3" } })
    saga.operate("SagaAborted")
    expect(saga.sent.map((outgoing) => outgoing._tag === "Answer" && outgoing.to.re)).toEqual(["m2", "m3"])
  })

  test("puts off the answer to a `Start` or `Undo` that came by a request, and to no other", () => {
    const start = { type: "Start", input: { seats: [], withCar: false } }
    const born = Trip.actor.machine.initial("t-1")
    const kinds = (outcome: unknown) =>
      (outcome as { entry: { out?: ReadonlyArray<{ k: string }> } }).entry.out?.map(({ k }) => k)
    expect(kinds(ask(born, start, REF))).not.toContain("answer")
    expect(ask(born, { type: "Undo" }, undefined)._tag).toBe("CommandRejected")
    const completed = toPayment().answer("do:1:payment").state
    expect(kinds(ask(completed, { type: "Undo" }, REF))).not.toContain("answer")
    const compensated = trip().answer("do:1:extras.hotel", no()).answer("do:1:extras.insurance", no()).state
    expect(kinds(ask(compensated, { type: "Undo" }, REF))).toEqual(["answer"])
  })
})
