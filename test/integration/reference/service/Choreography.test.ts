/** The same orders without anybody in the middle: what clients see, and what there is not to see. */
import { expect, test, vi } from "vitest"
import { fulfilledPlacement, serviceFixture } from "./ServiceFixture.ts"

const { call } = serviceFixture({ flow: "choreography" })

/** Longest flow on a loaded machine. */
const FLOW = { timeout: 120_000, interval: 50 }

const becomes = (path: string, expected: object): Promise<void> =>
  vi.waitFor(async () => expect((await call("GET", path)).body).toMatchObject(expected), FLOW)

test("an order is paid and sent, another rejected and undone, by reactors alone", async () => {
  await call("POST", "/stock/book/receive", { deliveryId: "d-1", quantity: 3 })
  await call("PUT", "/orders/good", fulfilledPlacement("c-1"))
  await becomes("/orders/good", { status: "shipped" })
  await becomes("/actors/shipment/good", { state: "dispatched" })
  await call("PUT", "/orders/late", fulfilledPlacement("c-1"))
  await becomes("/orders/late", { status: "rejected" })
  await becomes("/actors/payment/late", { state: "voided" })
  const stock = { receivedCount: 3, onHandCount: 1, reservedCount: 0, committedCount: 2 }
  await becomes("/actors/inventory/book", { context: stock })
  expect((await call("GET", "/orders/good")).body).not.toHaveProperty("fulfilment")
})

test("has no saga to be asked", async () => {
  const { status, body } = await call("GET", "/sagas/fulfilment/good")
  expect([status, body.type]).toEqual([404, "urn:everstate:problem:unknown-type"])
})

test("readiness and the event catalog tell of the reactors and of the checklist", async () => {
  const { reactors } = (await call("GET", "/readyz")).body
  expect(reactors.map(({ name }: { name: string }) => name)).toContain("fulfil-payments")
  const { domainEvents, namespace } = (await call("GET", "/events/catalog")).body
  expect(namespace).toBe("everstate-choreography")
  expect(domainEvents.map(({ type }: { type: string }) => type)).toContain("ChecklistOpened")
})
