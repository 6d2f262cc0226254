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
  await becomes("/shipments/good", { status: "dispatched" })
  await call("PUT", "/orders/late", fulfilledPlacement("c-1"))
  await becomes("/orders/late", { status: "rejected" })
  await becomes("/payments/late", { status: "voided" })
  await becomes("/stock/book", { received: 3, onHand: 1, reserved: 0, committed: 2 })
  expect((await call("GET", "/orders/good")).body).not.toHaveProperty("fulfilment")
})

test("says that there is no saga to be asked", async () => {
  const answers = await Promise.all([
    call("GET", "/sagas/fulfilment"),
    call("GET", "/sagas/fulfilment/good"),
    call("GET", "/sagas/fulfilment/picture"),
    call("POST", "/sagas/fulfilment/good/cancel", { by: "ann", note: "-" }),
  ])
  for (const { body } of answers) {
    expect(body).toMatchObject({
      type: "urn:everstate:problem:not-hosted",
      status: 404,
      hint: expect.any(String),
    })
  }
})

test("readiness and the event catalog tell of the reactors and of the checklist", async () => {
  const { reactors } = (await call("GET", "/readyz")).body
  expect(reactors.map(({ name }: { name: string }) => name)).toContain("fulfil-payments")
  const { domainEvents, namespace } = (await call("GET", "/events/catalog")).body
  expect(namespace).toBe("everstate-choreography")
  expect(domainEvents.map(({ type }: { type: string }) => type)).toContain("ChecklistOpened")
})
