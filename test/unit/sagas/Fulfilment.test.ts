/** The saga alone: every outcome of its steps, its order of undoing, its picture. */
import { readFileSync } from "node:fs"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { Inventory } from "../../../actors/inventory/Inventory.ts"
import { Order } from "../../../actors/order/Order.ts"
import { Payment } from "../../../actors/payment/Payment.ts"
import { Shipment } from "../../../actors/shipment/Shipment.ts"
import type { AnyActor } from "../../../runtime/index.ts"
import { checkSaga } from "../../../runtime/index.ts"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import { historyOf } from "../../fixtures/memory/MemorySystem.ts"
import { CUP, callOff, inShop, order, TEA } from "./Shop.ts"

const ID = "o-1"
const page = readFileSync(new URL("../../../docs/SAGAS.md", import.meta.url), "utf8")
const { customerId, currency, lines, fulfilment } = order
const input = { customerId, currency, lines, ...fulfilment }

describe("Fulfilment", () => {
  it("ends completed, undone in reverse or stuck, whatever its participants answer, and when", () => {
    const check = checkSaga(Fulfilment, { input })
    expect(page).toContain(`${check.pathCount} paths`)
    expect(check).toMatchInlineSnapshot(`
      {
        "endings": {
          "compensated": 1054,
          "completed": 2,
          "stuck": 2807,
        },
        "pathCount": 3863,
        "stateCount": 1109,
        "unbounded": [
          "reserveStock",
          "scheduleShipment",
          "confirmOrder",
          "shipOrder",
        ],
      }
    `)
  })

  it("undoes what was done in the reverse order of its doing", () =>
    inShop("saga", ({ bank, journal, place, settle }) =>
      Effect.gen(function* () {
        bank.refused.set("capture", "Expired")
        yield* place(ID)
        yield* settle
        const read = (actor: AnyActor, id: string) =>
          Effect.promise(() => historyOf(journal.inner, actor, id))
        const histories = yield* Effect.all([
          read(Inventory, TEA.sku),
          read(Inventory, CUP.sku),
          read(Payment, ID),
          read(Shipment, ID),
          read(Order, ID),
        ])
        const happened = histories
          .flat()
          .filter(({ event }) => !event.type.startsWith("xstate.") && event.type !== "StockReceived")
          .toSorted((one, other) => one.sequence - other.sequence)
          .map(({ event, id }) => `${id} ${event.type}`)
        expect(happened).toEqual([
          "o-1 OrderPlaced",
          "TEA-100 StockReserved",
          "CUP-1 StockReserved",
          "o-1 AuthorisationRequested",
          "o-1 ShipmentScheduled",
          "o-1 CaptureRequested",
          "o-1 ShipmentCancelled",
          "o-1 VoidRequested",
          "CUP-1 ReservationReleased",
          "TEA-100 ReservationReleased",
          "o-1 OrderRejected",
        ])
      }),
    ))

  it("rejects the order with words that a customer may read, whatever an operator wrote", () =>
    inShop("saga", ({ bank, place, settle, stateOf, system }) =>
      Effect.gen(function* () {
        for (const [id, note, reason] of [
          ["o-1", "", "Cancelled"],
          ["o-2", " a\u0007b ", "a b"],
          ["o-3", "x".repeat(2_000), "x".repeat(500)],
        ] as const) {
          bank.silent.add("authorise")
          yield* place(id)
          yield* TestClock.adjust("1 second")
          yield* system.get(Fulfilment, id).ask({ type: "Cancel", by: "kim", note })
          bank.silent.clear()
          yield* settle
          const { events } = yield* system.get(Order, id).history()
          expect(events.at(-1)?.event).toEqual({ type: "OrderRejected", reason })
          expect((yield* stateOf(Payment, id)).value).not.toBe("authorised")
        }
      }),
    ))

  it("is stuck where the payment cannot be taken back, and goes on when an operator has it tried again", () =>
    inShop("saga", (shop) =>
      Effect.gen(function* () {
        const { bank, place, settle, stateOf, system, valueIn } = shop
        bank.refused.set("capture", "Expired").set("void", "Disputed")
        yield* place(ID)
        yield* settle
        const { value, context } = yield* stateOf(Fulfilment.actor, ID)
        expect(value).toBe("stuck")
        expect(context.stuck).toMatchObject({ item: "takePayment", reason: "Disputed" })
        expect(yield* valueIn(Order, ID)).toBe("fulfilling")
        bank.refused.clear()
        yield* system
          .get(Fulfilment, ID)
          .ask({ type: "Retry", item: "takePayment", by: "kim", note: "called the bank" })
        yield* settle
        expect(yield* valueIn(Fulfilment.actor, ID)).toBe("compensated")
        expect(yield* valueIn(Order, ID)).toBe("rejected")
        expect(yield* shop.letters).toEqual([])
      }),
    ))

  it("cannot be called off once it is completed", () =>
    inShop("saga", (shop) =>
      Effect.gen(function* () {
        yield* shop.place(ID)
        yield* shop.settle
        const refused = yield* Effect.flip(callOff(shop, ID))
        expect(refused).toMatchObject({ _tag: "CommandRejected", reason: "NotAccepted" })
      }),
    ))

  it("takes orders whatever they are called", () =>
    inShop("saga", (shop) =>
      Effect.gen(function* () {
        for (const id of ["주문 42/ü%", "x".repeat(200)]) {
          yield* shop.place(id)
          yield* shop.settle
          expect(yield* shop.valueIn(Order, id)).toBe("shipped")
          expect(shop.mails.at(-1)).toBe(`lee@example.com ${id}`)
        }
        expect(yield* shop.letters).toEqual([])
      }),
    ))

  it("is drawn in docs/SAGAS.md as it is", () => {
    expect(page).toContain(`\`\`\`mermaid\n${Fulfilment.describe().mermaid}\`\`\``)
  })
})
