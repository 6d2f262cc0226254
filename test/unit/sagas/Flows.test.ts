/** The fulfilment of orders from end to end, the same facts for both flows. */
import { Effect, Latch } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { Order } from "../../../actors/order/Order.ts"
import { Payment } from "../../../actors/payment/Payment.ts"
import { Shipment } from "../../../actors/shipment/Shipment.ts"
import { decodeCommit } from "../../../runtime/commit/Commit.ts"
import { starterOf } from "../../../runtime/saga/SagaStarter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import {
  Bank,
  CUP,
  callOff,
  type Flow,
  flows,
  inShop,
  order,
  type Shop,
  SOLD,
  STOCK,
  TEA,
  TOTAL_MINOR,
  UNTOUCHED,
} from "./Shop.ts"

const ID = "o-1"

/** What became of order, payment and shipment. */
const endOf = ({ valueIn }: Shop, id = ID) =>
  Effect.all([valueIn(Order, id), valueIn(Payment, id), valueIn(Shipment, id)])

const { fulfilment } = order

/**
 * Of an order of two lines whose customer is written to: commits that store something, messages of the mailbox, commits
 * that reactors are handed.
 */
const COSTS = {
  saga: {
    sold: { commits: 23, messages: 4, reads: 3 },
    declined: { commits: 13, messages: 2, reads: 2 },
  },
  choreography: {
    sold: { commits: 24, messages: 20, reads: 51 },
    declined: { commits: 18, messages: 16, reads: 46 },
  },
}

/** Appends that a sold order takes, and two more. */
const moments = Array.from({ length: 26 }, (_, index) => index + 1)

/** Opens when that many appends were begun from here on. */
const reach = ({ journal }: Shop, appendCount: number) =>
  Effect.map(Latch.make(false), (reached) => {
    const until = journal.counts.append + appendCount
    journal.onStep = () => Effect.suspend(() => (journal.counts.append < until ? Effect.void : reached.open))
    return reached
  })

describe.each(Object.keys(flows) as ReadonlyArray<Flow>)("%s", (flow) => {
  const undone = (shop: Shop, ended: string) =>
    Effect.gen(function* () {
      const [orderValue] = yield* endOf(shop)
      expect(orderValue).toBe(ended)
      expect(yield* shop.balance).toEqual(UNTOUCHED)
      expect(yield* shop.letters).toEqual([])
      expect(shop.mails).toEqual([])
    })

  it("brings an order from placed to delivered", () =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        yield* shop.place(ID)
        yield* shop.settle
        expect(yield* endOf(shop)).toEqual(["shipped", "captured", "dispatched"])
        expect(yield* shop.balance).toEqual(SOLD)
        expect(shop.mails).toEqual([`lee@example.com ${ID}`])
        yield* shop.system.get(Shipment, ID).ask({ type: "Deliver", signedBy: "K. Lee" })
        yield* shop.settle
        expect(yield* shop.valueIn(Order, ID)).toBe("delivered")
        expect(yield* shop.letters).toEqual([])
      }),
    ))

  it("undoes everything when the card is declined", () =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        shop.bank.refused.set("authorise", "CardDeclined")
        yield* shop.place(ID)
        yield* shop.settle
        yield* undone(shop, "rejected")
        expect(yield* shop.valueIn(Payment, ID)).toBe("declined")
      }),
    ))

  it("undoes everything when the second line is out of stock", () =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        yield* shop.place(ID, { lines: [TEA, { ...CUP, quantity: (STOCK[CUP.sku] ?? 0) + 1 }] as never })
        yield* shop.settle
        yield* undone(shop, "rejected")
      }),
    ))

  it("undoes everything when nobody delivers to the address", () =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        const address = { ...fulfilment.address, postalCode: "4524" }
        yield* shop.place(ID, { fulfilment: { ...fulfilment, address } })
        yield* shop.settle
        yield* undone(shop, "rejected")
      }),
    ))

  it("undoes everything when the provider keeps silent, as soon as it speaks again", () =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        for (const operation of ["authorise", "void"] as const) shop.bank.silent.add(operation)
        yield* shop.place(ID)
        for (let seconds = 0; (yield* shop.valueIn(Order, ID)) === "fulfilling"; seconds++) {
          expect(seconds).toBeLessThan(30)
          yield* TestClock.adjust("1 second")
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        }
        expect(yield* shop.valueIn(Payment, ID)).toBe("voiding")
        shop.bank.silent.clear()
        yield* shop.settle
        yield* undone(shop, "rejected")
        expect(yield* shop.valueIn(Payment, ID)).toBe("voided")
      }),
    ))

  it.each(["Expired", undefined])("undoes everything when the capture is refused (%s)", (refusal) =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        if (refusal === undefined) shop.bank.silent.add("capture")
        else shop.bank.refused.set("capture", refusal)
        yield* shop.place(ID)
        yield* shop.settle
        yield* undone(shop, "rejected")
        expect(yield* endOf(shop)).toEqual(["rejected", "voided", "cancelled"])
      }),
    ),
  )

  it("shows a payment that the provider refuses to take back, and gives the rest back or waits with it", () =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        shop.bank.refused.set("capture", "Expired").set("void", "Disputed")
        yield* shop.place(ID)
        yield* shop.settle
        expect(yield* shop.valueIn(Payment, ID)).toBe("voidFailed")
        expect(yield* shop.letters).toEqual([])
        const { held, reserved } = yield* shop.balance
        const stuck = { order: "fulfilling", held: TOTAL_MINOR, reserved: 3 }
        const seen = { order: yield* shop.valueIn(Order, ID), held, reserved }
        expect(seen).toEqual(flow === "saga" ? stuck : { ...stuck, order: "rejected", reserved: 0 })
      }),
    ))

  it("undoes everything when nobody gets on with it for a day, and what comes after that too", async () => {
    const lasting = { journal: new JournalScripted(), messaging: new MessagingMemory(), bank: new Bank() }
    const hindered = (shop: Shop) =>
      Effect.gen(function* () {
        yield* shop.place(ID)
        yield* shop.settle
        expect(yield* shop.valueIn(Order, ID)).toBe("fulfilling")
        yield* TestClock.adjust("1 day")
        yield* shop.settle
        yield* undone(shop, "expired")
      })
    await inShop(flow, hindered, { ...lasting, definitions: withoutShipments })
    const late = (shop: Shop) => Effect.andThen(shop.settle, undone(shop, "expired"))
    await inShop(flow, late, lasting)
  })

  /** Everybody but whoever plans shipments; the saga is one piece, so nobody at all. */
  const withoutShipments = {
    ...flows[flow],
    sagas: [],
    reactors: flows[flow].reactors.filter(({ name }) => name !== "fulfil-shipments"),
  }

  it("lets an order be placed that is paid and sent by hand, and stays out of it", () =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        const { fulfilment: _, ...byHand } = order
        yield* shop.system.get(Order, ID).ask(byHand)
        yield* shop.system.get(Order, ID).ask({ type: "Cancel", reason: "changed my mind" })
        yield* shop.settle
        yield* undone(shop, "cancelled")
        expect(yield* endOf(shop)).toEqual(["cancelled", "new", "new"])
      }),
    ))

  it("sells the last piece once", () =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        const last = { lines: [{ ...CUP, quantity: STOCK[CUP.sku] }] as never }
        yield* Effect.all(
          ["o-1", "o-2", "o-3"].map((id) => shop.place(id, last)),
          { concurrency: "unbounded" },
        )
        yield* shop.settle
        const ends = yield* Effect.all(["o-1", "o-2", "o-3"].map((id) => shop.valueIn(Order, id)))
        expect(ends.toSorted()).toEqual(["rejected", "rejected", "shipped"])
        expect(yield* shop.balance).toMatchObject({ reserved: 0, left: [10, 0], held: 0, kept: 125_000 })
        expect(yield* shop.letters).toEqual([])
      }),
    ))

  it.each(moments)("goes on where it was when its process ends at append %i", async (moment) => {
    const lasting = { journal: new JournalScripted(), messaging: new MessagingMemory(), bank: new Bank() }
    const ended = (shop: Shop) =>
      Effect.gen(function* () {
        const reached = yield* reach(shop, moment)
        yield* shop.place(ID)
        yield* Effect.race(reached.await, shop.settle)
      })
    await inShop(flow, ended, lasting)
    lasting.journal.onStep = () => Effect.void
    const restarted = (shop: Shop) =>
      Effect.gen(function* () {
        yield* shop.settle
        expect(yield* endOf(shop)).toEqual(["shipped", "captured", "dispatched"])
        expect(yield* shop.balance).toEqual(SOLD)
        expect(yield* shop.letters).toEqual([])
      })
    await inShop(flow, restarted, lasting)
  })

  describe.each(["its customer", "an operator"] as const)("called off by %s", (who) => {
    it.each(moments)("at append %i is sold or undone, and nothing in between", (moment) =>
      inShop(flow, (shop) =>
        Effect.gen(function* () {
          const { system } = shop
          const cancel = system.get(Order, ID).ask({ type: "Cancel", reason: "changed my mind" })
          const off = who === "an operator" ? callOff(shop, ID) : cancel
          const reached = yield* reach(shop, moment)
          yield* Effect.forkScoped(Effect.andThen(reached.await, Effect.exit(off)))
          yield* shop.place(ID)
          yield* shop.settle
          const ends = yield* endOf(shop)
          const balance = yield* shop.balance
          if (ends[0] === "shipped") {
            expect([...ends, balance]).toEqual(["shipped", "captured", "dispatched", SOLD])
          } else {
            expect(["cancelled", "rejected"]).toContain(ends[0])
            expect(["new", "voided", "declined"]).toContain(ends[1])
            expect(["new", "cancelled"]).toContain(ends[2])
            expect(balance).toEqual(UNTOUCHED)
          }
          expect(yield* shop.letters).toEqual([])
        }),
      ),
    )
  })

  it.each(["sold", "declined"] as const)("an order that is %s costs so many commits and messages", (end) =>
    inShop(flow, (shop) =>
      Effect.gen(function* () {
        const { journal, system } = shop
        if (end === "declined") shop.bank.refused.set("authorise", "CardDeclined")
        const before = (yield* system.status).messages.settledCount
        const since = yield* journal.inner.lastSequence(0)
        yield* shop.place(ID)
        yield* shop.settle
        const after = (yield* system.status).messages.settledCount
        const upTo = yield* journal.inner.lastSequence(0)
        const types = (yield* journal.inner.scan({ after: since, upTo }))
          .filter((record) => decodeCommit(record).entries.length > 0)
          .map(({ key }) => key.split("/")[0])
        const readers = [
          ...flows[flow].sagas.flatMap((saga) => starterOf(saga) ?? []),
          ...flows[flow].reactors,
        ]
        expect({
          commits: types.length,
          messages: after - before,
          reads: readers.reduce(
            (count, { from }) =>
              count + types.filter((type) => from.some((actor) => actor.type === type)).length,
            0,
          ),
        }).toEqual(COSTS[flow][end])
      }),
    ),
  )
})
