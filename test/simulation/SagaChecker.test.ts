/** What the independent observer of sagas says of histories that no saga may have. */
import { describe, expect, it } from "vitest"
import type { TrueActor } from "../../runtime/testing/simulation/Reference.ts"
import { SagaChecker } from "../../runtime/testing/simulation/SagaChecker.ts"
import { Fulfilment } from "../../sagas/fulfilment/Fulfilment.ts"

const checker = new SagaChecker([Fulfilment])

/** A saga that was given these answers, was cancelled at `!`, and then says it is compensated. */
const compensated = (answers: ReadonlyArray<string>): TrueActor => {
  const turnedAt = answers.indexOf("!")
  const states = answers.map((_, index) => ({
    value: index < turnedAt ? "takePayment" : { compensating: "" },
  }))
  return {
    address: { type: "fulfilment", key: "fulfilment/o-1" },
    version: answers.length,
    states: [{ value: "idle" }, ...states.slice(0, -1), { value: "compensated", context: { plan: null } }],
    events: answers.map((as) => ({
      event:
        as === "!" ? { type: "SagaCancelled" } : { type: "everstate.answered", as, answer: { ok: true } },
    })),
  } as unknown as TrueActor
}

const [lamp, chair, pay] = ["reserveStock/lamp", "reserveStock/chair", "takePayment"]

describe("a compensated saga", () => {
  it.each([
    [
      [
        `do:1:${lamp}`,
        `do:1:${chair}`,
        `do:1:${pay}`,
        "!",
        `undo:1:${pay}`,
        `undo:1:${chair}`,
        `undo:1:${lamp}`,
      ],
    ],
    [[`do:1:${lamp}`, "!", `do:1:${chair}`, `undo:1:${chair}`, `undo:1:${lamp}`]],
  ])("that undid everything, the last first, is fine: %j", (answers) => {
    expect(() => checker.stored(compensated(answers))).not.toThrow()
  })

  it.each([
    ["never undone", [`do:1:${lamp}`, `do:1:${chair}`, "!", `undo:1:${chair}`]],
    ["undone twice", [`do:1:${lamp}`, "!", `undo:1:${lamp}`, `undo:2:${lamp}`]],
    ["in the order", [`do:1:${lamp}`, `do:1:${chair}`, "!", `undo:1:${lamp}`, `undo:1:${chair}`]],
    ["in the order", [`do:1:${lamp}`, "!", `do:1:${chair}`, `undo:1:${lamp}`, `undo:1:${chair}`]],
  ])("with something %s is found", (what, answers) => {
    expect(() => checker.stored(compensated(answers))).toThrow(what)
  })
})
