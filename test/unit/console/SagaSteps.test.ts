/** The steps of a saga as stages, and what a picture shows of them. */
import { describe, expect, it } from "vitest"
import {
  runsBackwards,
  type SagaStep,
  STEPS_SHOWN_MAX,
  shortName,
  shownSteps,
  stagesOf,
  stepsOf,
} from "../../../infra/console/chart/SagaSteps.ts"
import { charts } from "../../fixtures/console/Charts.ts"

const step = (key: string, status: SagaStep["status"] = "done"): SagaStep => ({ key, status })

describe("the steps of a saga", () => {
  it("are the items of its document, and the steps that have not begun, in the order of the chart", () => {
    const steps = stepsOf(charts.fulfilment, [
      step("reserveStock/sku-1"),
      step("reserveStock/sku-2"),
      step("takePayment", "requested"),
      step("ofAnOlderPlan"),
    ])
    expect(steps.map(({ key, status }) => `${key} ${status}`)).toEqual([
      "reserveStock/sku-1 done",
      "reserveStock/sku-2 done",
      "takePayment requested",
      "scheduleShipment waiting",
      "capturePayment waiting",
      "confirmOrder waiting",
      "shipOrder waiting",
      "ofAnOlderPlan done",
    ])
  })

  it("form one stage if they run at the same time", () => {
    const stages = stagesOf([step("checks.address"), step("checks.fraud"), step("pay"), step("pack/a.b")])
    expect(stages.map(({ name, steps }) => [name, steps.length])).toEqual([
      ["checks", 2],
      ["pay", 1],
      ["pack", 1],
    ])
    expect(["checks.address", "pack/a.b", "pay"].map(shortName)).toEqual(["address", "a.b", "pay"])
  })

  it("run backwards from the first compensation on", () => {
    expect(runsBackwards([step("pay"), step("pack", "failed")])).toBe(false)
    expect(runsBackwards([step("pay", "compensating")])).toBe(true)
    expect(runsBackwards([{ ...step("pay"), undoAttempts: 1 }])).toBe(true)
  })

  it("are counted where a stage has too many, but never those that need somebody", () => {
    const items = Array.from({ length: 100 }, (_, index) =>
      step(`pack/${index}`, index === 40 ? "failed" : index === 99 ? "unheardOf" : "done"),
    )
    const { shown, hidden } = shownSteps(items)
    expect(shown).toHaveLength(STEPS_SHOWN_MAX)
    expect(shown.map(({ key }) => key)).toEqual(expect.arrayContaining(["pack/40", "pack/99"]))
    expect([...hidden]).toEqual([["done", 94]])
  })
})
