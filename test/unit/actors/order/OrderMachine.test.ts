import { describe, expect, it } from "vitest"
import { Order } from "../../../../actors/order/Order.ts"
import type { OrderEvent } from "../../../../actors/order/OrderEvents.ts"
import { LINES_PER_ORDER_MAX } from "../../../../actors/order/OrderLine.ts"
import { PAYMENT_DEADLINE_MS } from "../../../../actors/order/OrderMachine.ts"
import { type AnySchema, validate } from "../../../../runtime/index.ts"
import { NOW_MS, stateAfter } from "./OrderScenario.ts"
import {
  cancelled,
  confirmed,
  cup,
  delivered,
  expired,
  historyOf,
  paid,
  placed,
  placedToFulfil,
  pot,
  refunded,
  rejected,
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
  ["draft", placedToFulfil, "fulfilling"],
  ["fulfilling", confirmed, "confirmed"],
  ["fulfilling", rejected, "rejected"],
  ["fulfilling", expired, "expired"],
  ["fulfilling", cancelled, "cancelled"],
  ["confirmed", shipped, "shipped"],
  ["confirmed", refunded, "cancelled"],
  ["confirmed", rejected, "rejected"],
  ["shipped", delivered, "delivered"],
  ["shipped", rejected, "rejected"],
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
    ["a refund before confirmation", [placedToFulfil], refunded],
    ["a cancellation of what is confirmed that keeps the money", [placedToFulfil, confirmed], cancelled],
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
      for (const [, event] of others) expect(Order.machine.transition(state, event, "a")).toBeUndefined()
    }
  })

  for (const [why, history, event] of guarded) {
    it(`does not accept ${why}`, () => {
      const state = stateAfter(history)
      expect(state.can(event)).toBe(false)
      expect(Order.machine.transition(state, event, "a")).toBeUndefined()
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
          (state, event) => Order.machine.transition(state, event, "a") ?? state,
          Order.machine.restore(snapshot, "a"),
        )
      expect(resumed.value).toBe("returned")
      expect(resumed.context).toStrictEqual(whole.context)
    }
  })

  it("is over once returned or cancelled", () => {
    expect(stateAfter(historyOf.returned).status).toBe("done")
    expect(stateAfter(historyOf.cancelled).status).toBe("done")
    expect(stateAfter(historyOf.rejected).status).toBe("done")
    expect(stateAfter(historyOf.expired).status).toBe("done")
    expect(stateAfter(historyOf.delivered).status).toBe("active")
  })

  it("asks for no side effects where everything is done by hand", () => {
    stateAfter(historyOf.returned)
    expect(Order.machine.takeIntents()).toEqual([])
  })

  it("sets a deadline for the fulfilment, and takes it back when that has ended", () => {
    stateAfter(historyOf.fulfilling)
    expect(Order.machine.takeIntents()).toEqual([
      { _tag: "Timer", id: "paymentDeadline", delayMs: PAYMENT_DEADLINE_MS, event: expired },
    ])
    stateAfter(historyOf.confirmed)
    expect(Order.machine.takeIntents()).toContainEqual({ _tag: "Cancel", id: "paymentDeadline" })
  })

  it("tells the world outside what it promised to", () => {
    const ends = [
      ["order.confirmed", historyOf.confirmed, { total }],
      ["order.cancelled", historyOf.cancelled, { outcome: "cancelled", reason: "changed my mind" }],
      ["order.cancelled", historyOf.rejected, { outcome: "rejected", reason: "OutOfStock" }],
      ["order.cancelled", historyOf.expired, { outcome: "expired" }],
    ] as const
    for (const [type, history, facts] of ends) {
      stateAfter(history)
      const sent = Order.machine
        .takeIntents()
        .flatMap((intent) => (intent._tag === "Send" ? intent.make() : []))
      const data = { orderId: "o-1", customerId: "c-7", ...facts }
      expect(sent).toEqual([{ _tag: "Publish", type, data }])
      expect(validate(Order.publishes[type]?.schema as AnySchema, data)).toEqual({ value: data })
    }
  })
})
