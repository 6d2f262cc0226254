/** Both flows on real servers: many orders at once, every kind of trouble, and books that balance. */
import { describe, expect, it } from "vitest"
import { Customer } from "../../../actors/customer/Customer.ts"
import { Inventory } from "../../../actors/inventory/Inventory.ts"
import { notificationActor } from "../../../actors/notification/Notification.ts"
import { Order } from "../../../actors/order/Order.ts"
import { paymentActor } from "../../../actors/payment/Payment.ts"
import { keptMinor } from "../../../actors/payment/PaymentMachine.ts"
import { Shipment } from "../../../actors/shipment/Shipment.ts"
import type { AnyActor } from "../../../runtime/index.ts"
import { Checklist } from "../../../sagas/choreography/Checklist.ts"
import { DeliveryHandover } from "../../../sagas/delivery/DeliveryHandover.ts"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import { Bank, type Flow, flows, order, TOTAL_MINOR } from "../../unit/sagas/Shop.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"

const ORDER_COUNT = 60
const { fulfilment, lines } = order
const [tea, cup] = lines as [(typeof lines)[number], (typeof lines)[number]]

/** By number of the order: all is well, a declined card, a bad address, more than there is, a customer who cancels. */
const KINDS = ["well", "declined", "address", "stock", "cancelled"] as const

const placementOf = (kind: (typeof KINDS)[number]) => {
  if (kind === "declined") return { ...order, fulfilment: { ...fulfilment, card: "card-declined" } }
  if (kind === "address") {
    return { ...order, fulfilment: { ...fulfilment, address: { ...fulfilment.address, country: "AQ" } } }
  }
  return kind === "stock" ? { ...order, lines: [tea, { ...cup, quantity: 1_000 }] } : order
}

/** Of the saga, and of the checklist. */
const FLOW_ENDS = new Set(["completed", "compensated", "closed", "failed"])

const servers = serversOfFile()

describe.each(Object.keys(flows) as ReadonlyArray<Flow>)("%s", (flow) => {
  it("brings every order to its end, and every unit and coin to its place", async () => {
    const bank = new Bank()
    const payment = paymentActor(bank)
    const mailer = { send: async () => undefined }
    const participants = [Order, payment, Inventory, Shipment, Customer, notificationActor(mailer)]
    const system = await startSystem(servers(), {
      namespace: freshNamespace(),
      actors: [...participants, ...flows[flow].actors],
      sagas: flows[flow].sagas,
      reactors: [...flows[flow].reactors, DeliveryHandover],
    })
    for (const { sku } of lines) {
      await system.get(Inventory, sku).ask({ type: "Receive", deliveryId: "d-1", quantity: 500 })
    }
    const orders = Array.from({ length: ORDER_COUNT }, (_, index) => ({
      id: `o-${index}`,
      kind: KINDS[index % KINDS.length] ?? "well",
    }))
    await Promise.all(
      orders.map(async ({ id, kind }) => {
        await system.get(Order, id).ask(placementOf(kind))
        if (kind !== "cancelled") return
        const cancel = { type: "Cancel", reason: "changed my mind" } as const
        await system
          .get(Order, id)
          .ask(cancel)
          .catch(() => undefined)
      }),
    )
    const stockOf = async (sku: string) => (await system.get(Inventory, sku).state()).state.context
    const endOf = async (id: string) => String((await system.get(Order, id).state()).state.value)
    const payments = () =>
      Promise.all(orders.map(async ({ id }) => (await system.get(payment, id).state()).state))
    const driver = flow === "saga" ? Fulfilment.actor : Checklist
    await eventually(async () => {
      const drivers = await Promise.all(orders.map(({ id }) => system.get<AnyActor>(driver, id).state()))
      if (!drivers.every(({ state: { value } }) => FLOW_ENDS.has(String(value)))) return false
      const underWay = (await payments()).filter(({ value }) => String(value).endsWith("ing"))
      const reserved = (await stockOf(tea.sku)).reservedCount + (await stockOf(cup.sku)).reservedCount
      const { messages, outbox } = await system.status()
      return underWay.length + reserved + messages.openCount + outbox.pendingCount === 0
    })

    const sold = (await Promise.all(orders.map(({ id }) => endOf(id)))).filter(
      (end) => end === "shipped",
    ).length
    expect(sold).toBeGreaterThanOrEqual(ORDER_COUNT / KINDS.length)
    for (const { id, kind } of orders) {
      const ends = { well: ["shipped"], cancelled: ["cancelled", "shipped"] } as {
        [kind: string]: Array<string>
      }
      expect(ends[kind] ?? ["rejected"], `${id} ${kind}`).toContain(await endOf(id))
    }
    const { totals, doubleCharges } = bank.books.report()
    expect({ net: totals["KRW"]?.net, held: totals["KRW"]?.held, doubleCharges }).toEqual({
      net: sold * TOTAL_MINOR,
      held: 0,
      doubleCharges: 0,
    })
    expect((await payments()).reduce((sum, { context }) => sum + keptMinor(context), 0)).toBe(
      sold * TOTAL_MINOR,
    )
    for (const { sku, quantity } of lines) {
      const left = 500 - sold * quantity
      expect(await stockOf(sku)).toMatchObject({
        onHandCount: left,
        reservedCount: 0,
        committedCount: sold * quantity,
      })
    }
    expect(await system.deadLetters.list()).toEqual([])
  })
})
