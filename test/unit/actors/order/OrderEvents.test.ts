import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type OrderEvent, orderEvents } from "../../../../actors/order/OrderEvents.ts"
import { EventUnreadable, readEvent } from "../../../../runtime/index.ts"
import { goldenEvents, goldenPayload } from "../GoldenEvents.ts"
import { stateAfter } from "./OrderScenario.ts"

const golden = (type: string, version: number): unknown => goldenPayload("order", type, version)

/** What a golden file of an older version must become. Whoever adds a version adds its line. */
const currentForm: { readonly [file: string]: (payload: object) => unknown } = {
  "OrderPlaced.v1": (payload) => ({ ...payload, currency: "KRW", fulfilment: null }),
  "OrderPlaced.v2": (payload) => ({ ...payload, fulfilment: null }),
}

goldenEvents("order", orderEvents, currentForm)

describe("the stories of the golden files", () => {
  it("are such as the machine accepts", () => {
    const read = (type: string, version: number) =>
      readEvent("order", orderEvents, { t: type, v: version, d: golden(type, version) }) as OrderEvent
    const story = [read("OrderPlaced", 2), read("LineAdded", 1), read("LineRemoved", 1), read("OrderPaid", 1)]
    expect(stateAfter([...story, read("OrderCancelled", 1)]).value).toBe("cancelled")
    expect(
      stateAfter([...story, read("OrderShipped", 1), read("OrderDelivered", 1), read("OrderReturned", 1)])
        .value,
    ).toBe("returned")
    const fulfilled = [read("OrderPlaced", 3), read("OrderConfirmed", 1), read("OrderShipped", 1)]
    expect(stateAfter(fulfilled).value).toBe("shipped")
    for (const end of ["OrderRejected", "OrderExpired"]) {
      expect(stateAfter([read("OrderPlaced", 3), read(end, 1)]).status).toBe("done")
    }
  })
})

const text = fc.stringMatching(/^[A-Za-z0-9-]{1,64}$/)
const lines = fc.uniqueArray(
  fc.record(
    {
      sku: text,
      quantity: fc.integer({ min: 1, max: 10_000 }),
      unitPriceMinor: fc.integer({ min: 1, max: 1_000_000_000 }),
    },
    { noNullPrototype: true },
  ),
  { minLength: 1, maxLength: 100, selector: ({ sku }) => sku },
)

describe("OrderPlaced version 1", () => {
  it("is in won and done by hand, whatever else it says", () => {
    fc.assert(
      fc.property(text, lines, (customerId, orderLines) => {
        const stored = { customerId, lines: orderLines }
        const before = JSON.stringify(stored)
        expect(readEvent("order", orderEvents, { t: "OrderPlaced", v: 1, d: stored })).toStrictEqual({
          type: "OrderPlaced",
          customerId,
          lines: orderLines,
          currency: "KRW",
          fulfilment: null,
        })
        expect(JSON.stringify(stored)).toBe(before)
      }),
    )
  })

  it("leads to the state of the current version that it becomes", () => {
    const v1 = readEvent("order", orderEvents, { t: "OrderPlaced", v: 1, d: golden("OrderPlaced", 1) })
    expect(stateAfter([v1 as OrderEvent]).context).toMatchObject({
      total: { minor: 30_500, currency: "KRW" },
    })
  })

  it("FAULT 46: is unreadable, not guessed at, when it is damaged", () => {
    for (const d of [null, {}, { customerId: "c-7" }, { customerId: "c-7", lines: [] }, "text"]) {
      expect(() => readEvent("order", orderEvents, { t: "OrderPlaced", v: 1, d })).toThrow(EventUnreadable)
    }
  })
})

describe("an event from the future", () => {
  it("FAULT 45: is unreadable: an unknown type, a newer version", () => {
    const read = (t: string, v: number) => () =>
      readEvent("order", orderEvents, { t, v, d: golden("OrderPlaced", 2) })
    expect(read("OrderForgotten", 1)).toThrow("UnknownType")
    expect(read("OrderPlaced", 4)).toThrow("NewerVersion")
  })
})
