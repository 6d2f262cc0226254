/** Orders that are fulfilled, end to end: HTTP, saga, provider, stock, shipment, mail. */
import { randomUUID } from "node:crypto"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test, vi } from "vitest"
import { fulfilledPlacement, serviceFixture } from "./ServiceFixture.ts"

/** A slow provider leaves time to do something meanwhile; it is not so slow that it is asked again. */
const { call, folder } = serviceFixture({ manners: ["--slow-ms=2000"] })

/** Longest flow on a loaded machine. */
const FLOW = { timeout: 120_000, interval: 50 }

const newId = (): string => `o-${randomUUID()}`

const receive = async (quantity: number, sku = `sku-${randomUUID()}`): Promise<string> => {
  const delivery = { deliveryId: randomUUID(), quantity }
  expect((await call("POST", `/stock/${sku}/receive`, delivery)).status).toBe(200)
  expect((await call("POST", `/stock/${sku}/receive`, delivery)).status).toBe(200)
  return sku
}

const becomes = (path: string, expected: object): Promise<void> =>
  vi.waitFor(async () => expect((await call("GET", path)).body).toMatchObject(expected), FLOW)

const stockBecomes = (sku: string, context: object): Promise<void> =>
  becomes(`/actors/inventory/${sku}`, { context })

const stateOfSaga = async (id: string): Promise<string | undefined> =>
  (await call("GET", `/sagas/fulfilment/${id}`)).body.state

test("an order with a card and an address is paid, sent and delivered, and its customer is written to", async () => {
  const id = newId()
  const customerId = `c-${randomUUID()}`
  const sku = await receive(5)
  const ann = { name: "Ann", email: "ann@example.org" }
  expect((await call("POST", `/actors/customer/${customerId}/Register`, ann)).status).toBe(200)
  expect((await call("PUT", `/orders/${id}`, fulfilledPlacement(customerId, "card-1", sku))).status).toBe(201)

  await becomes(`/orders/${id}`, { status: "shipped", fulfilment: { state: "completed" } })
  await stockBecomes(sku, { receivedCount: 5, onHandCount: 3, reservedCount: 0, committedCount: 2 })
  const captured = { minor: 2500, currency: "EUR" }
  expect((await call("GET", `/actors/payment/${id}`)).body).toMatchObject({
    state: "captured",
    context: { captured },
  })
  await becomes(`/actors/shipment/${id}`, { state: "dispatched", context: { address: { city: "Seoul" } } })
  await vi.waitFor(
    () => expect(readdirSync(join(folder, "mail")).filter((name) => name.startsWith(id))).toHaveLength(1),
    FLOW,
  )

  await vi.waitFor(async () => {
    const { orders } = (await call("GET", "/orders?email=Ann@Example.org")).body
    expect(orders).toMatchObject([{ orderId: id, status: "shipped", customerId, customerName: "Ann" }])
  }, FLOW)

  expect((await call("POST", `/actors/shipment/${id}/Deliver`, { signedBy: "Bo" })).status).toBe(200)
  await becomes(`/orders/${id}`, { status: "delivered" })
})

test("an order that cannot be fulfilled is rejected, what was done for it is undone, and both say why", async () => {
  const [scarce, plenty] = [await receive(1), await receive(10)]
  const id = newId()
  const order = fulfilledPlacement("c-1", "card-1", plenty)
  const lines = [...order.lines, { sku: scarce, quantity: 2, unitPriceMinor: 1 }]
  await call("PUT", `/orders/${id}`, { ...order, lines })
  const cause = { kind: "StepRejected", item: `reserveStock/${scarce}`, reason: "OutOfStock" }
  await becomes(`/orders/${id}`, { status: "rejected", fulfilment: { state: "compensated", cause } })
  await stockBecomes(plenty, { onHandCount: 10, reservedCount: 0, committedCount: 0 })
  expect((await call("GET", `/sagas/fulfilment/${id}`)).body.items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ key: `reserveStock/${plenty}`, status: "compensated" }),
      expect.objectContaining({ key: `reserveStock/${scarce}`, status: "rejected", reason: "OutOfStock" }),
    ]),
  )

  const declined = newId()
  await call("PUT", `/orders/${declined}`, fulfilledPlacement("c-1", "card-declined", plenty))
  await becomes(`/orders/${declined}`, { status: "rejected", fulfilment: { cause: { item: "takePayment" } } })
  await becomes(`/actors/payment/${declined}`, {
    state: "declined",
    context: { refusal: "CardDeclined", captured: null },
  })
})

test("a fulfilment under way is listed; its lines stand; an operator may give it up, signed", async () => {
  const sku = await receive(10)
  const id = newId()
  await call("PUT", `/orders/${id}`, fulfilledPlacement("c-1", "card-slow", sku))
  await vi.waitFor(async () => expect(await stateOfSaga(id)).toBe("takePayment"), FLOW)
  const added = await call("POST", `/orders/${id}/lines`, { sku: "pen", quantity: 1, unitPriceMinor: 100 })
  expect(added.body).toMatchObject({ reason: "NotAccepted", state: "fulfilling" })
  const inPayment = "/sagas/fulfilment?state=takePayment"
  await vi.waitFor(async () => {
    expect((await call("GET", inPayment)).body.items).toMatchObject([{ id, state: "takePayment" }])
  }, FLOW)
  expect((await call("GET", "/sagas/fulfilment?state=stuck")).body.items).toEqual([])

  const unsigned = await call("POST", `/sagas/fulfilment/${id}/cancel`, { by: "ann" })
  expect(unsigned.body).toMatchObject({ status: 400, issues: [{ path: "note" }] })
  const signed = { by: "ann", note: "a test" }
  const cancelled = await call("POST", `/sagas/fulfilment/${id}/cancel`, signed)
  expect(cancelled.body).toMatchObject({ id, duplicate: false })
  const cause = { kind: "Cancelled", item: null, reason: "a test" }
  await becomes(`/orders/${id}`, { status: "rejected", fulfilment: { state: "compensated", cause } })
  await stockBecomes(sku, { onHandCount: 10, reservedCount: 0 })
  await becomes(`/actors/payment/${id}`, { state: "voided" })
  await vi.waitFor(async () => expect((await call("GET", inPayment)).body.items).toEqual([]), FLOW)
  const late = await call("POST", `/sagas/fulfilment/${id}/retry`, { item: "takePayment", ...signed })
  expect(late.body).toMatchObject({ status: 422, reason: "NotAccepted", state: "compensated" })
})

test("a customer's own cancellation undoes the fulfilment, whoever comes first", async () => {
  const sku = await receive(10)
  const id = newId()
  await call("PUT", `/orders/${id}`, fulfilledPlacement("c-1", "card-slow", sku))
  expect((await call("POST", `/orders/${id}/cancel`, { reason: "changed my mind" })).status).toBe(200)
  await becomes(`/orders/${id}`, { status: "cancelled", fulfilment: { state: "compensated" } })
  await stockBecomes(sku, { onHandCount: 10, reservedCount: 0 })
  await becomes(`/actors/payment/${id}`, { state: "voided" })
})

test("tells what is missing of a card or an address", async () => {
  const { fulfilment, ...order } = fulfilledPlacement("c-1")
  const half = { ...order, fulfilment: { address: fulfilment.address } }
  expect((await call("PUT", `/orders/${newId()}`, half)).body.issues).toMatchObject([
    { path: "fulfilment.card" },
  ])
})

test("measures messages, the outbox, calls and reactors", async () => {
  const { body } = await call("GET", "/metrics")
  expect(body).toMatch(/^everstate_mailbox_messages_total\{outcome="settled"\} [1-9]\d*$/m)
  expect(body).toMatch(/^everstate_outbox_sent_total [1-9]\d*$/m)
  expect(body).toMatch(/^everstate_calls_total\{outcome="started"\} [1-9]\d*$/m)
  expect(body).toMatch(/^everstate_reactor_sent_total\{reactor="start-fulfilment"\} [1-9]\d*$/m)
  expect(body).toMatch(/^everstate_mailbox_messages_total\{outcome="dead-letter"\} 0$/m)
})
