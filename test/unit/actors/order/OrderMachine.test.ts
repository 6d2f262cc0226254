import { describe, expect, it } from "vitest"
import { Order } from "../../../../actors/order/Order.ts"
import type { OrderEvent } from "../../../../actors/order/OrderEvents.ts"
import { LINES_PER_ORDER_MAX } from "../../../../actors/order/OrderLine.ts"
import { NOW_MS, stateAfter } from "./OrderScenario.ts"
import {
  cancelled,
  cup,
  delivered,
  historyOf,
  paid,
  placed,
  pot,
  refunded,
  returned,
  shipped,
  tea,
  total,
} from "./OrderStory.ts"

type State = keyof typeof historyOf
const states = Object.keys(historyOf) as ReadonlyArray<State>

/** Every transition there is, with an event that its guards accept. */
const transitions: ReadonlyArray<readonly [from: State, event: OrderEvent, to: State]> = [
  ["draft", placed, "placed"],
  ["placed", { type: "LineAdded", line: pot }, "placed"],
  ["placed", { type: "LineRemoved", line: cup }, "placed"],
  ["placed", paid, "paid"],
  ["placed", cancelled, "cancelled"],
  ["paid", shipped, "shipped"],
  ["paid", refunded, "cancelled"],
  ["shipped", delivered, "delivered"],
  ["delivered", returned, "returned"],
]

/** Events that a guard refuses in a state which takes the same event with another payload. */
const guarded: ReadonlyArray<readonly [why: string, history: ReadonlyArray<OrderEvent>, event: OrderEvent]> =
  [
    ["an article twice", [placed], { type: "LineAdded", line: tea }],
    [
      "a line too many",
      [
        {
          ...placed,
          lines: Array.from({ length: LINES_PER_ORDER_MAX }, (_, index) => ({ ...tea, sku: `SKU-${index}` })),
        },
      ],
      { type: "LineAdded", line: pot },
    ],
    ["the removal of the last line", [{ ...placed, lines: [cup] }], { type: "LineRemoved", line: cup }],
    ["the removal of a line that is not there", [placed], { type: "LineRemoved", line: pot }],
    ["another amount", [placed], { ...paid, amount: { ...total, minor: 1 } }],
    ["another currency", [placed], { ...paid, amount: { ...total, currency: "EUR" } }],
    ["a refund of what was never paid", [placed], refunded],
    ["a cancellation that keeps the money", [placed, paid], cancelled],
    ["a refund of another amount", [placed, paid], { ...refunded, refund: { ...total, minor: 1 } }],
    [
      "a return after thirty days",
      historyOf.delivered,
      { ...returned, returnedAtMs: NOW_MS + 30 * 86_400_000 + 1 },
    ],
    ["a return that keeps the money", historyOf.delivered, { ...returned, refund: null }],
  ]

describe("the order's statechart", () => {
  for (const [from, event, to] of transitions) {
    it(`goes from ${from} to ${to} on ${event.type}`, () => {
      const state = stateAfter(historyOf[from])
      expect(state.can(event)).toBe(true)
      expect(stateAfter([...historyOf[from], event]).value).toBe(to)
    })
  }

  it("accepts nothing else", () => {
    for (const from of states) {
      const state = stateAfter(historyOf[from])
      const others = transitions.filter(
        ([origin, { type }]) =>
          origin !== from && !transitions.some(([here, event]) => here === from && event.type === type),
      )
      for (const [, event] of others) expect(Order.machine.transition(state, event)).toBeUndefined()
    }
  })

  for (const [why, history, event] of guarded) {
    it(`does not accept ${why}`, () => {
      const state = stateAfter(history)
      expect(state.can(event)).toBe(false)
      expect(Order.machine.transition(state, event)).toBeUndefined()
    })
  }

  it("replays to the same state, and from any snapshot on the way", () => {
    const whole = stateAfter(historyOf.returned)
    expect(JSON.stringify(stateAfter(historyOf.returned))).toBe(JSON.stringify(whole))
    for (let cut = 0; cut <= historyOf.returned.length; cut++) {
      const snapshot = JSON.parse(
        JSON.stringify(Order.machine.persist(stateAfter(historyOf.returned.slice(0, cut)))),
      )
      const resumed = historyOf.returned
        .slice(cut)
        .reduce(
          (state, event) => Order.machine.transition(state, event) ?? state,
          Order.machine.restore(snapshot),
        )
      expect(resumed.value).toBe("returned")
      expect(resumed.context).toStrictEqual(whole.context)
    }
  })

  it("is over once returned or cancelled", () => {
    expect(stateAfter(historyOf.returned).status).toBe("done")
    expect(stateAfter(historyOf.cancelled).status).toBe("done")
    expect(stateAfter(historyOf.delivered).status).toBe("active")
  })

  it("asks for no side effects", () => {
    stateAfter(historyOf.returned)
    expect(Order.machine.takeActions()).toEqual([])
  })
})
