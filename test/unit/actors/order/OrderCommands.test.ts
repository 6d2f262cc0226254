import { describe, expect, it } from "vitest"
import {
  LINES_PER_ORDER_MAX,
  QUANTITY_MAX,
  UNIT_PRICE_MINOR_MAX,
} from "../../../../actors/order/OrderLine.ts"
import { given, NOW_MS, type OrderCommand, stateAfter } from "./OrderScenario.ts"
import {
  cancelled,
  confirmed,
  cup,
  delivered,
  fulfilment,
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

const MS_PER_DAY = 86_400_000

/** A valid command of each type, that its own state accepts. */
const commands = {
  Place: { type: "Place", customerId: "c-7", currency: "KRW", lines: [tea, cup] },
  AddLine: { type: "AddLine", line: pot },
  RemoveLine: { type: "RemoveLine", sku: cup.sku },
  Pay: { type: "Pay", amount: total, paymentId: "pay-1" },
  Confirm: { type: "Confirm", paymentId: "o-1" },
  Reject: { type: "Reject", reason: "OutOfStock" },
  Ship: { type: "Ship", carrier: "CJ", trackingNumber: "T-1" },
  Deliver: { type: "Deliver" },
  Cancel: { type: "Cancel", reason: "changed my mind" },
  Return: { type: "Return", reason: "leaks" },
} satisfies { readonly [Type in OrderCommand["type"]]: OrderCommand & { readonly type: Type } }

const acceptedIn: { readonly [Type in OrderCommand["type"]]: ReadonlyArray<keyof typeof historyOf> } = {
  Place: ["draft"],
  AddLine: ["placed"],
  RemoveLine: ["placed"],
  Pay: ["placed"],
  Confirm: ["fulfilling", "confirmed"],
  Reject: ["fulfilling", "confirmed", "shipped", "rejected", "cancelled", "expired"],
  Ship: ["paid", "confirmed"],
  Deliver: ["shipped"],
  Cancel: ["placed", "paid", "fulfilling", "confirmed"],
  Return: ["delivered"],
}

const manyLines = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...tea, sku: `SKU-${index}` }))

describe("every command in every state", () => {
  for (const [type, states] of Object.entries(acceptedIn)) {
    for (const state of Object.keys(historyOf) as ReadonlyArray<keyof typeof historyOf>) {
      const accepts = states.includes(state)
      it(`${state} ${accepts ? "accepts" : "refuses"} ${type}`, () => {
        const outcome = given(...historyOf[state])
          .when(commands[type as OrderCommand["type"]])
          .outcome()
        if (accepts) expect(outcome).toHaveProperty("events")
        else if (state === "draft" && type === "RemoveLine")
          expect(outcome).toHaveProperty("rejected", "NoSuchLine")
        else expect(outcome).toStrictEqual({ notAcceptedIn: state })
      })
    }
  }
})

describe("the same decision twice has one effect", () => {
  for (const [type, states] of Object.entries(acceptedIn)) {
    it(type, () => {
      for (const state of states) {
        const command = commands[type as OrderCommand["type"]]
        const first = given(...historyOf[state])
          .when(command)
          .outcome()
        if (!("events" in first)) throw new Error(`${state} does not accept ${type}`)
        const second = given(...historyOf[state], ...first.events)
          .when(command)
          .outcome()
        if ("events" in second) expect(second.events).toEqual([])
      }
    })
  }
})

describe("Place", () => {
  it("creates the order and answers its total", () => {
    given()
      .when(commands.Place)
      .then({ events: [placed], reply: { total } })
    expect(stateAfter([placed]).context).toStrictEqual({
      orderId: "o-1",
      customerId: "c-7",
      total,
      lines: [tea, cup],
      deliveredAtMs: null,
    })
  })

  it("takes where it is sent and what pays for it, and then fixes the lines", () => {
    given()
      .when({ ...commands.Place, fulfilment })
      .then({ events: [placedToFulfil], reply: { total } })
    expect(given(placedToFulfil).when(commands.AddLine).outcome()).toStrictEqual({
      notAcceptedIn: "fulfilling",
    })
  })

  it("is invalid with half an address or a card of no length", () => {
    const { city: _city, ...nowhere } = fulfilment.address
    for (const wrong of [
      { ...fulfilment, address: nowhere },
      { ...fulfilment, card: "" },
    ]) {
      expect(
        given()
          .when({ ...commands.Place, fulfilment: wrong } as OrderCommand)
          .outcome(),
      ).toHaveProperty("invalid")
    }
  })

  it("takes the largest order there can be", () => {
    const lines = manyLines(LINES_PER_ORDER_MAX).map((line) => ({
      ...line,
      quantity: QUANTITY_MAX,
      unitPriceMinor: UNIT_PRICE_MINOR_MAX,
    }))
    expect(
      given()
        .when({ ...commands.Place, lines })
        .outcome(),
    ).toHaveProperty("reply", {
      total: { minor: 1_000_000_000_000_000, currency: "KRW" },
    })
  })

  it("FAULT 39: is invalid without lines, with too many, or with one SKU twice", () => {
    for (const lines of [[], manyLines(LINES_PER_ORDER_MAX + 1), [tea, { ...cup, sku: tea.sku }]]) {
      given()
        .when({ ...commands.Place, lines })
        .then({ invalid: ["lines"] })
    }
  })

  it("FAULT 43: is invalid with quantities and prices that are no positive whole numbers in bounds", () => {
    for (const quantity of [0, -1, 1.5, Number.NaN, QUANTITY_MAX + 1]) {
      given()
        .when({ ...commands.Place, lines: [{ ...tea, quantity }] })
        .then({ invalid: ["lines.0.quantity"] })
    }
    for (const unitPriceMinor of [0, -1, 0.1, Infinity, UNIT_PRICE_MINOR_MAX + 1]) {
      given()
        .when({ ...commands.Place, lines: [tea, { ...cup, unitPriceMinor }] })
        .then({
          invalid: ["lines.1.unitPriceMinor"],
        })
    }
  })

  it("FAULT 43: is invalid with text that a store would choke on", () => {
    for (const customerId of ["", " ", " c-7", "c\u0000", "c\n7", "\ud800", "x".repeat(65)]) {
      const outcome = given()
        .when({ ...commands.Place, customerId })
        .outcome()
      expect(outcome).toHaveProperty("invalid")
      expect(outcome).toHaveProperty("invalid.0", "customerId")
    }
  })

  it("takes text of any script", () => {
    for (const customerId of ["김철수", "Ünal", "李 雷", "👩‍👩‍👧", "a.b*c>d"]) {
      expect(
        given()
          .when({ ...commands.Place, customerId })
          .outcome(),
      ).toHaveProperty("events.0.customerId", customerId)
    }
  })

  it("leaves out what it does not know", () => {
    given()
      .when({ ...commands.Place, discount: 100 } as OrderCommand)
      .then({ events: [placed], reply: { total } })
  })
})

describe("AddLine", () => {
  it("adds the line and its price", () => {
    const added = { type: "LineAdded", line: pot } as const
    given(placed)
      .when(commands.AddLine)
      .then({ events: [added] })
    expect(stateAfter([placed, added]).context).toMatchObject({
      lines: [tea, cup, pot],
      total: { minor: 79_500, currency: "KRW" },
    })
  })

  it("rejects an article that is on the order already", () => {
    given(placed)
      .when({ type: "AddLine", line: { ...pot, sku: tea.sku } })
      .then({ rejected: "SkuAlreadyOnOrder", detail: { sku: tea.sku } })
  })

  it("rejects one line too many", () => {
    given({ ...placed, lines: manyLines(LINES_PER_ORDER_MAX) })
      .when(commands.AddLine)
      .then({ rejected: "TooManyLines", detail: { linesMax: LINES_PER_ORDER_MAX } })
  })
})

describe("RemoveLine", () => {
  it("takes the line off, with its price", () => {
    const removed = { type: "LineRemoved", line: cup } as const
    given(placed)
      .when(commands.RemoveLine)
      .then({ events: [removed] })
    expect(stateAfter([placed, removed]).context).toMatchObject({
      lines: [tea],
      total: { minor: 18_000, currency: "KRW" },
    })
  })

  it("rejects a line that is not there", () => {
    given(placed)
      .when({ type: "RemoveLine", sku: "NONE" })
      .then({ rejected: "NoSuchLine", detail: { sku: "NONE" } })
  })

  it("rejects the last line", () => {
    given({ ...placed, lines: [cup] })
      .when(commands.RemoveLine)
      .then({ rejected: "LastLine", detail: { sku: cup.sku } })
  })
})

describe("Pay", () => {
  it("takes the total exactly", () => {
    given(placed)
      .when(commands.Pay)
      .then({ events: [paid] })
  })

  it("takes the total as it is after lines came and went", () => {
    given(placed, { type: "LineAdded", line: pot }, { type: "LineRemoved", line: tea })
      .when({ ...commands.Pay, amount: { minor: 61_500, currency: "KRW" } })
      .then({
        events: [{ type: "OrderPaid", amount: { minor: 61_500, currency: "KRW" }, paymentId: "pay-1" }],
      })
  })

  it("rejects any other amount and any other currency", () => {
    for (const amount of [
      { minor: total.minor - 1, currency: "KRW" },
      { minor: total.minor + 1, currency: "KRW" },
      { minor: total.minor, currency: "EUR" },
    ]) {
      given(placed)
        .when({ ...commands.Pay, amount })
        .then({ rejected: "AmountMismatch", detail: { expected: total, given: amount } })
    }
  })
})

describe("Confirm and Reject", () => {
  it("end the fulfilment, once", () => {
    given(placedToFulfil)
      .when(commands.Confirm)
      .then({ events: [confirmed] })
    given(placedToFulfil, confirmed).when(commands.Confirm).then({ events: [], reply: undefined })
    given(placedToFulfil)
      .when(commands.Reject)
      .then({ events: [rejected] })
  })

  it("find an order that was cancelled meanwhile, or expired, as it is", () => {
    for (const history of [historyOf.cancelled, historyOf.expired]) {
      given(...history)
        .when(commands.Reject)
        .then({ events: [], reply: undefined })
      expect(
        given(...history)
          .when(commands.Confirm)
          .outcome(),
      ).toHaveProperty("notAcceptedIn")
    }
  })

  it("have no effect on an order that has ended, nor has Ship, where whoever tells knows of it from events", () => {
    for (const history of [historyOf.cancelled, historyOf.expired, historyOf.rejected]) {
      for (const command of [commands.Confirm, commands.Ship]) {
        given(...history)
          .when({ ...command, unlessEnded: true })
          .then({ events: [], reply: undefined })
      }
    }
    for (const command of [commands.Confirm, commands.Ship]) {
      const outcome = given(placed)
        .when({ ...command, unlessEnded: true })
        .outcome()
      expect(outcome).toHaveProperty("notAcceptedIn")
    }
  })

  it("call the fulfilment off at the last moment, too", () => {
    given(placedToFulfil, confirmed, shipped)
      .when(commands.Reject)
      .then({ events: [rejected] })
  })
})

describe("Ship", () => {
  it("hands a paid order to a carrier", () => {
    given(placed, paid)
      .when(commands.Ship)
      .then({ events: [shipped] })
  })
})

describe("Deliver", () => {
  it("writes down when", () => {
    given(placed, paid, shipped)
      .when({ type: "Deliver" })
      .then({ events: [delivered] })
  })

  it("writes down who signed", () => {
    given(placed, paid, shipped)
      .when({ type: "Deliver", signedBy: "K. Lee" }, { at: 5 })
      .then({ events: [{ type: "OrderDelivered", deliveredAtMs: 5, signedBy: "K. Lee" }] })
  })
})

describe("Cancel", () => {
  it("refunds nothing where nothing was paid", () => {
    given(placed)
      .when(commands.Cancel)
      .then({ events: [cancelled] })
  })

  it("refunds what was paid by fulfilment, once that is confirmed", () => {
    const cancel = { type: "Cancel", reason: "too slow" } as const
    given(placedToFulfil, confirmed)
      .when(cancel)
      .then({ events: [refunded] })
    given(placedToFulfil)
      .when(cancel)
      .then({ events: [{ ...refunded, refund: null }] })
  })

  it("refunds what was paid", () => {
    given(placed, paid)
      .when({ type: "Cancel", reason: "too slow" })
      .then({ events: [refunded] })
  })

  it("is invalid without a reason, and takes one of several lines", () => {
    for (const reason of ["", "  ", "x".repeat(501), "a\u0000b"]) {
      expect(given(placed).when({ type: "Cancel", reason }).outcome()).toHaveProperty("invalid.0", "reason")
    }
    expect(given(placed).when({ type: "Cancel", reason: "late\nand wrong" }).outcome()).toHaveProperty(
      "events",
    )
  })
})

describe("Return", () => {
  const history = historyOf.delivered
  const untilMs = NOW_MS + 30 * MS_PER_DAY

  it("refunds the total", () => {
    given(...history)
      .when(commands.Return)
      .then({ events: [returned] })
  })

  it("is accepted up to the last millisecond of the thirtieth day", () => {
    given(...history)
      .when(commands.Return, { at: untilMs })
      .then({ events: [{ ...returned, returnedAtMs: untilMs }] })
  })

  it("is rejected a millisecond later", () => {
    given(...history)
      .when(commands.Return, { at: untilMs + 1 })
      .then({
        rejected: "ReturnWindowClosed",
        detail: { deliveredAtMs: NOW_MS, untilMs, windowDays: 30 },
      })
  })
})
