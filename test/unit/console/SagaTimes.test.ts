/** How long the steps of a saga took, from the events of its history. */
import { describe, expect, it } from "vitest"
import type { HistoryItem } from "../../../infra/console/api/Documents.ts"
import type { SagaStep } from "../../../infra/console/chart/SagaSteps.ts"
import { timedSteps } from "../../../infra/console/chart/SagaTimes.ts"

const BORN_MS = Date.UTC(2026, 0, 1)
const at = (ms: number): string => new Date(BORN_MS + ms).toISOString()

const event = (
  sequence: number,
  ms: number,
  type: string,
  data: HistoryItem["data"] = {},
  commandId = "c",
): HistoryItem => ({
  version: 1,
  sequence,
  at: at(ms),
  type,
  data,
  commandId,
})

/** The answer to a request that the commit at `asked` has sent. */
const answer = (sequence: number, ms: number, as: string, asked: number): HistoryItem =>
  event(
    sequence,
    ms,
    "everstate.answered",
    { as, answer: { ok: true } },
    `everstate:${asked}-mx2wql38.0:answer`,
  )

/** A saga that reserves, is declined at the second attempt to pay, and undoes the reservation. */
const HISTORY = [
  event(10, 0, "SagaRulesSet"),
  event(10, 0, "SagaStarted"),
  answer(12, 250, "do:1:reserve/sku-1", 10),
  answer(13, 300, "do:1:reserve/sku-2", 10),
  answer(15, 900, "do:1:pay", 13),
  event(16, 1_100, "xstate.after.200"),
  answer(18, 2_300, "do:2:pay", 16),
  answer(20, 2_800, "undo:1:reserve/sku-2", 18),
]

const timesOf = (steps: ReadonlyArray<SagaStep>, nowMs: number, history = HISTORY) =>
  timedSteps(steps, history, BORN_MS + nowMs).map(({ durationMs, undoDurationMs }) => [
    durationMs,
    undoDurationMs,
  ])

const step = (key: string, status: string): SagaStep => ({ key, status })

describe("the times of a saga's steps", () => {
  it("are from the first request to the last answer, forwards and backwards", () => {
    const steps = [
      step("reserve/sku-1", "compensating"),
      step("reserve/sku-2", "compensated"),
      step("pay", "rejected"),
      step("ship", "waiting"),
    ]
    expect(timesOf(steps, 3_000)).toEqual([
      [250, 200],
      [300, 500],
      [2_000, undefined],
      [undefined, undefined],
    ])
  })

  it("go on while an answer is out", () => {
    const steps = [step("reserve/sku-1", "done"), step("reserve/sku-2", "done"), step("pay", "requested")]
    expect(timesOf(steps, 1_000, HISTORY.slice(0, 4))).toEqual([
      [250, undefined],
      [300, undefined],
      [700, undefined],
    ])
    const retried = [step("reserve/sku-1", "done"), step("reserve/sku-2", "done"), step("pay", "pausing")]
    expect(timesOf(retried, 1_000, HISTORY.slice(0, 5)).at(-1)).toEqual([700, undefined])
  })

  it("are unknown where the history does not have the request", () => {
    expect(timesOf([step("pay", "done")], 0, [answer(9, 0, "do:1:pay", 4)])).toEqual([[undefined, undefined]])
    expect(timesOf([step("pay", "requested")], 0, [])).toEqual([[undefined, undefined]])
  })
})
