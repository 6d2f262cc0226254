import { describe, expect, it } from "vitest"
import type { OrderEvent } from "../../../../actors/order/OrderEvents.ts"
import {
  OrderNeverPlaced,
  OrderSummary,
  type OrderSummaryRow,
} from "../../../../actors/projections/OrderSummary.ts"
import type { ProjectedEvent } from "../../../../runtime/index.ts"
import { stateAfter } from "../order/OrderScenario.ts"
import {
  cancelled,
  confirmed,
  cup,
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
} from "../order/OrderStory.ts"

const { form } = OrderSummary
if (form.kind !== "fold") throw new Error("order_summary is a fold")

const projected = (event: OrderEvent, version: number): ProjectedEvent<OrderEvent> => ({
  actorType: "order",
  id: "o-1",
  version,
  sequence: 100 + version,
  at: 1000 * version,
  commandId: `c-${version}`,
  metadata: {},
  event,
})

const rowAfter = (...events: ReadonlyArray<OrderEvent>): OrderSummaryRow => {
  let row: OrderSummaryRow | undefined
  events.forEach((event, index) => {
    row = form.fold(row, projected(event, index + 1)) as OrderSummaryRow
  })
  if (row === undefined) throw new Error("no events, no row")
  return row
}

describe("order_summary", () => {
  it("starts a row when an order is placed", () => {
    expect(rowAfter(placed)).toStrictEqual({
      order_id: "o-1",
      customer_id: "c-7",
      status: "placed",
      currency: "KRW",
      total_minor: 30_500,
      line_count: 2,
      payment_id: null,
      carrier: null,
      tracking_number: null,
      closing_reason: null,
      refund_minor: null,
      placed_at: 1000,
      paid_at: null,
      shipped_at: null,
      delivered_at: null,
      closed_at: null,
      updated_at: 1000,
      version: 1,
    })
  })

  it("tells the way of an order that is fulfilled, or not", () => {
    expect(rowAfter(placedToFulfil)).toMatchObject({ status: "fulfilling", payment_id: null })
    expect(rowAfter(placedToFulfil, confirmed)).toMatchObject({ payment_id: "o-1", paid_at: 2000 })
    expect(rowAfter(placedToFulfil, rejected)).toMatchObject({
      closing_reason: "OutOfStock",
      closed_at: 2000,
      refund_minor: null,
    })
    expect(rowAfter(placedToFulfil, expired)).toMatchObject({ closing_reason: null, closed_at: 2000 })
  })

  it("fills every column that it has, and no other", () => {
    expect(Object.keys(rowAfter(placed)).sort()).toEqual(Object.keys(form.table.columns).sort())
  })

  it("keys a row by the order", () => {
    expect(form.key(projected(placed, 1))).toEqual({ order_id: "o-1" })
  })

  it("counts lines and their prices as they come and go", () => {
    const added = { type: "LineAdded", line: pot } as const
    const removed = { type: "LineRemoved", line: cup } as const
    expect(rowAfter(placed, added)).toMatchObject({ line_count: 3, total_minor: 79_500 })
    expect(rowAfter(placed, added, removed)).toMatchObject({ line_count: 2, total_minor: 67_000, version: 3 })
  })

  it("has the state of the statechart as its status, whatever happened", () => {
    for (const history of [...Object.values(historyOf), [placed, paid, refunded]]) {
      if (history.length === 0) continue
      const { status, total_minor, line_count } = rowAfter(...history)
      const { value, context } = stateAfter(history)
      expect(status).toBe(value)
      expect(total_minor).toBe(context.total?.minor)
      expect(line_count).toBe(context.lines.length)
    }
  })

  it("tells the way of an order that came back", () => {
    expect(rowAfter(...historyOf.returned)).toMatchObject({
      status: "returned",
      payment_id: "pay-1",
      carrier: "CJ",
      tracking_number: "T-1",
      paid_at: 2000,
      shipped_at: 3000,
      delivered_at: returned.returnedAtMs,
      closed_at: returned.returnedAtMs,
      closing_reason: "leaks",
      refund_minor: 30_500,
      updated_at: 5000,
      version: 5,
    })
  })

  it("tells a cancellation with and without a refund", () => {
    expect(rowAfter(placed, cancelled)).toMatchObject({
      closing_reason: "changed my mind",
      refund_minor: null,
    })
    expect(rowAfter(placed, paid, refunded)).toMatchObject({
      closing_reason: "too slow",
      refund_minor: 30_500,
    })
  })

  it("FAULT 48: throws at an order that was never placed, so that it shows", () => {
    expect(() => form.fold(undefined, projected(shipped, 3))).toThrow(OrderNeverPlaced)
  })

  it("does not touch the row it is given", () => {
    const row = Object.freeze(rowAfter(placed))
    form.fold(row, projected({ type: "LineRemoved", line: tea }, 2))
    expect(row.line_count).toBe(2)
  })
})
