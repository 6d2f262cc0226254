/** FAULT 76: participants that never answer, and what ends the wait for them. */
import { Schema } from "effect"
import { describe, expect, test } from "vitest"
import { checkSaga, DEFAULTS, defineSaga } from "../../../runtime/index.ts"
import { broken, no, ok, SagaDriver } from "./SagaDriver.ts"
import { Booking, Trip } from "./Trip.ts"

const book = (id: string) => ({ actor: Booking, id, command: { type: "Book", what: id } }) as const
const free = (id: string) => ({ actor: Booking, id, command: { type: "Free", code: id } }) as const

/** A room, then the approval of a human, who may be asked to forget it. */
const Stay = defineSaga({
  type: "stay",
  input: Schema.Struct({}),
  answerWaitMs: 5_000,
  steps: (saga) =>
    saga.step("room", { request: () => book("room"), compensate: () => free("room") }).step("approval", {
      timeoutMs: 1_000,
      request: () => book("approval"),
      compensate: () => free("approval"),
      stop: () => ({ actor: Booking, id: "approval", command: { type: "Note", text: "never mind" } }),
    }),
})

/** The approval was asked for and timed out. */
const unanswered = (rules?: number) =>
  new SagaDriver(Stay, {}, rules === undefined ? {} : { rules }).answer("do:1:room").fire("timeout:approval")

const stuck = () => unanswered().fire("silence")
const AT_APPROVAL = { item: "approval", reason: "no answer for 5000 ms", isSilent: true }

describe("a step whose answer is out when the saga fails", () => {
  test("is withdrawn where it says how, and nothing is undone before its answer", () => {
    const saga = unanswered()
    expect(saga.sent).toMatchObject([{ as: "stop:1:approval", command: { text: "never mind" } }])
    expect(saga.timers.get("silence")?.delayMs).toBe(5_000)
    saga.answer("stop:1:approval")
    expect(saga.asked).toEqual([])
    expect(saga.answer("do:1:approval", no("Withdrawn")).asked).toEqual(["undo:1:room"])
    expect(saga.answer("undo:1:room").at).toBe("compensated")
    expect(saga.timers.size).toBe(0)
  })

  test("makes the saga stuck, visibly, when it is silent for too long", () => {
    const saga = stuck()
    expect(saga.at).toBe("stuck")
    expect(saga.ledger.stuck).toEqual(AT_APPROVAL)
    expect(saga.timers.size).toBe(0)
  })

  test("is waited for anew once something was heard", () => {
    const saga = new SagaDriver(Trip, { seats: ["1A", "1B", "1C"], withCar: false }).answer(
      "do:1:seats/1A",
      no(),
    )
    expect(saga.timers.get("silence")?.delayMs).toBe(DEFAULTS.saga.answerWaitMs)
    saga.answer("do:1:seats/1B", no()).fire("silence")
    expect(saga.at).toBe("compensating")
    expect(saga.fire("silence").ledger.stuck?.item).toBe("seats/1C")
  })

  test("ends the wait when it is answered after all", () => {
    expect(stuck().answer("do:1:approval", no()).asked).toEqual(["undo:1:room"])
    const late = stuck().answer("do:1:approval", ok())
    expect(late.ledger.stuck).toBeNull()
    expect(late.asked).toEqual(["undo:1:approval"])
    expect([...late.timers.keys()]).toEqual(["silence"])
  })

  test("does not stand in the way where its `stop` throws", () => {
    const Rude = defineSaga({
      type: "rude",
      input: Schema.Struct({}),
      steps: (saga) =>
        saga.step("a", {
          request: () => book("a"),
          stop: () => {
            throw new Error("no words")
          },
        }),
    })
    const saga = new SagaDriver(Rude, {}).take({ type: "SagaCancelled", by: "kim", note: "" })
    expect(saga.at).toBe("compensating")
    expect(saga.item("a")?.reason).toBe("stop: no words")
  })
})

describe("operators of a saga that waits for a silent step", () => {
  test("retry: it is withdrawn and waited for once more", () => {
    const saga = stuck().operate("SagaRetried", { item: "approval" })
    expect(saga.at).toBe("compensating")
    expect(saga.asked).toEqual(["stop:1:approval"])
    expect(saga.fire("silence").ledger.stuck).toEqual(AT_APPROVAL)
  })

  test("skip: it counts as not done, and its answer does not count any more", () => {
    const saga = stuck().operate("SagaSkipped", { item: "approval" })
    expect(saga.asked).toEqual(["undo:1:room"])
    expect(saga.answer("do:1:approval", ok()).asked).toEqual([])
    expect(saga.answer("undo:1:room").at).toBe("compensated")
  })

  test("resolve: it counts as done with that result, and is undone", () => {
    const saga = stuck().operate("SagaResolved", { item: "approval", result: { code: "by phone" } })
    expect(saga.item("approval")?.result).toEqual({ code: "by phone" })
    expect(saga.asked).toEqual(["undo:1:approval"])
    expect(saga.answer("undo:1:approval").answer("undo:1:room").at).toBe("compensated")
  })

  test("abort: it ends", () => {
    expect(stuck().operate("SagaAborted").at).toBe("aborted")
  })

  test("skip and resolve before the saga is stuck, too", () => {
    expect(unanswered().operate("SagaSkipped", { item: "approval" }).asked).toEqual(["undo:1:room"])
    const signed = { by: "kim", note: "" }
    expect(unanswered().accepts({ type: "SagaSkipped", item: "room", ...signed })).toBe(false)
    expect(unanswered().accepts({ type: "SagaRetried", item: "approval", ...signed })).toBe(false)
  })

  test("are not made to wait for each of several silent steps", () => {
    const saga = new SagaDriver(Trip, { seats: ["1A", "1B", "1C"], withCar: false })
    saga.answer("do:1:seats/1A", no()).fire("silence")
    expect(saga.operate("SagaSkipped", { item: "seats/1B" }).ledger.stuck?.item).toBe("seats/1C")
    expect(saga.operate("SagaSkipped", { item: "seats/1C" }).at).toBe("compensated")
  })
})

describe("a compensation that is never answered", () => {
  const undoing = () => unanswered().answer("do:1:approval", no())

  test("makes the saga stuck, and a late answer has it go on", () => {
    // The first look finds that something happened since it was planned.
    const saga = undoing().fire("silence")
    expect(saga.at).toBe("compensating")
    saga.fire("silence")
    expect(saga.ledger.stuck).toEqual({ ...AT_APPROVAL, item: "room" })
    expect(saga.answer("undo:1:room").at).toBe("compensated")
  })

  test("is asked for again, skipped or resolved by an operator", () => {
    const silent = () => undoing().fire("silence").fire("silence")
    expect(silent().operate("SagaRetried", { item: "room" }).asked).toEqual(["undo:2:room"])
    expect(silent().operate("SagaSkipped", { item: "room" }).at).toBe("compensated")
    expect(silent().operate("SagaResolved", { item: "room", result: 1 }).at).toBe("compensated")
  })

  test("does not count as silent during the pause before its next attempt", () => {
    const saga = undoing().answer("undo:1:room", broken()).fire("silence").fire("silence")
    expect(saga.at).toBe("compensating")
    expect(saga.fire("retry:room").asked).toEqual(["undo:2:room"])
  })
})

describe("a saga that started under the first release", () => {
  test("goes on as it did: what was completed is undone while an answer is out", () => {
    const saga = unanswered(1)
    expect(saga.asked).toEqual(["stop:1:approval", "undo:1:room"])
    expect(saga.timers.size).toBe(0)
    expect(saga.answer("undo:1:room").at).toBe("compensating")
    expect(saga.answer("do:1:approval", ok()).asked).toEqual(["undo:1:approval"])
  })

  test("can be ended by an operator, where a participant never answers", () => {
    const saga = unanswered(1).answer("undo:1:room")
    expect(saga.operate("SagaSkipped", { item: "approval" }).at).toBe("compensated")
  })
})

describe("checkSaga", () => {
  test("plays participants that never answer, and ones that do when the saga is stuck because of them", () => {
    const { endings, unbounded } = checkSaga(Stay, { input: {} })
    expect(endings.stuck).toBeGreaterThan(10)
    expect(unbounded).toEqual(["room"])
  })
})
