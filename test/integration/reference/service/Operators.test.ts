/** What operators do: a fulfilment that is stuck, and messages that the system gave up on. */
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, expect, test, vi } from "vitest"
import { fulfilledPlacement, serviceFixture } from "./ServiceFixture.ts"

/** A provider that neither takes money nor, until it is mended, gives an authorisation back. */
let isMended = false
let takesMoney = false
const provider = createServer((request, response) => {
  request.resume()
  const operation = request.url?.slice(1)
  const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body))
  if (operation === "authorise") answer(200, { authorisationId: "a-1" })
  else if (operation === "capture" && takesMoney) answer(200, { captured: { minor: 2500, currency: "EUR" } })
  else if (operation === "void" && isMended) answer(200, { captured: null, refunded: null })
  else answer(409, { reason: "OutOfOrder" })
})
afterAll(() => void provider.close())

const { call } = serviceFixture({
  provider: async () => {
    provider.listen(0, "127.0.0.1")
    await once(provider, "listening")
    return `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
  },
})

/** Longest flow on a loaded machine. */
const FLOW = { timeout: 120_000, interval: 50 }

const signed = { by: "ann", note: "a test" }

const placeOrder = async (): Promise<string> => {
  const id = `o-${randomUUID()}`
  const sku = `sku-${randomUUID()}`
  await call("POST", `/stock/${sku}/receive`, { deliveryId: "d", quantity: 5 })
  await call("PUT", `/orders/${id}`, fulfilledPlacement("c-1", "card-1", sku))
  return id
}

const stuckOrder = async (): Promise<string> => {
  const id = await placeOrder()
  await vi.waitFor(async () => {
    const { body } = await call("GET", `/sagas/fulfilment/${id}`)
    expect(body).toMatchObject({ state: "stuck", stuck: { item: "takePayment" } })
  }, FLOW)
  return id
}

const stuckIds = async (): Promise<ReadonlyArray<string>> => {
  const { items } = (await call("GET", "/sagas/fulfilment?state=stuck")).body
  return items.map(({ id }: { id: string }) => id).sort()
}

const item = { item: "takePayment" }
const verb = (id: string, name: string, body: object) => call("POST", `/sagas/fulfilment/${id}/${name}`, body)

test("a fulfilment that cannot be undone is stuck, is listed as such, and goes on when it is tried again", async () => {
  const [id, other] = [await stuckOrder(), await stuckOrder()]
  await vi.waitFor(async () => {
    expect(await stuckIds()).toEqual([id, other].sort())
  }, FLOW)
  const first = await call("GET", "/sagas/fulfilment?state=stuck&limit=1")
  expect(first.body.items).toHaveLength(1)
  const second = await call("GET", `/sagas/fulfilment?state=stuck&limit=1&cursor=${first.body.next}`)
  expect(second.body).toMatchObject({ items: [{ state: "stuck" }] })

  const { version } = (await call("GET", `/sagas/fulfilment/${id}`)).body
  expect((await verb(id, "retry", { ...item, ...signed })).status).toBe(200)
  await vi.waitFor(async () => {
    const { body } = await call("GET", `/sagas/fulfilment/${id}`)
    expect(body.state).toBe("stuck")
    expect(body.version).toBeGreaterThan(version + 1)
  }, FLOW)
  isMended = true
  expect((await verb(id, "retry", { item: "nothing", ...signed })).body).toMatchObject({ status: 422 })
  expect((await verb(id, "retry", { ...item, ...signed })).status).toBe(200)
  await vi.waitFor(async () => {
    const { body } = await call("GET", `/orders/${id}`)
    expect(body).toMatchObject({ status: "rejected", fulfilment: { state: "compensated" } })
  }, FLOW)
  isMended = false

  const resolution = { ...item, result: { refundedBy: "hand" }, ...signed }
  expect((await verb(other, "resolve", resolution)).status).toBe(200)
  await vi.waitFor(
    async () => expect((await call("GET", `/orders/${other}`)).body.status).toBe("rejected"),
    FLOW,
  )
  await vi.waitFor(async () => expect(await stuckIds()).toEqual([]), FLOW)
})

test("a stuck undoing may be skipped, or the fulfilment ended as it is", async () => {
  const [skipped, aborted] = [await stuckOrder(), await stuckOrder()]
  expect((await verb(skipped, "skip", { ...item, ...signed })).status).toBe(200)
  expect((await verb(aborted, "abort", signed)).status).toBe(200)
  await vi.waitFor(async () => {
    expect((await call("GET", `/sagas/fulfilment/${skipped}`)).body.state).toBe("compensated")
    expect((await call("GET", `/sagas/fulfilment/${aborted}`)).body.state).toBe("aborted")
  }, FLOW)
  await vi.waitFor(async () => expect(await stuckIds()).toEqual([]), FLOW)
})

interface Letter {
  readonly number: number
  readonly key: string
}

const letters = async (query = ""): Promise<ReadonlyArray<Letter>> =>
  (await call("GET", `/dead-letters${query}`)).body.items

/** An order that was told of its arrival by hand, and now hears of it from its shipment: nobody waits for its "no". */
const deadLetter = async (): Promise<Letter> => {
  const known = new Set((await letters()).map(({ number }) => number))
  const id = await placeOrder()
  await vi.waitFor(async () => {
    expect((await call("GET", `/actors/shipment/${id}`)).body.state).toBe("dispatched")
  }, FLOW)
  expect((await call("POST", `/orders/${id}/deliver`)).status).toBe(200)
  expect((await call("POST", `/actors/shipment/${id}/Deliver`, {})).status).toBe(200)
  return vi.waitFor(async () => {
    const letter = (await letters()).find(({ number }) => !known.has(number))
    if (letter === undefined) throw new Error("no letter yet")
    expect(letter.key).toBe(`order/${id}`)
    return letter
  }, FLOW)
}

test("dead letters are listed and shown, redriven into a new one, and discarded, one by one or all of a reason", async () => {
  takesMoney = true
  const [first, second] = [await deadLetter(), await deadLetter()]
  const shown = await call("GET", `/dead-letters/${first.number}`)
  expect(shown.body).toMatchObject({ ...first, reason: "Rejected", attempts: 1 })
  expect(JSON.parse(shown.body.original)).toMatchObject({ c: { type: "Deliver" } })
  expect(await letters(`?cursor=${first.number}`)).toMatchObject([{ number: second.number }])
  expect(await letters("?reason=Malformed")).toEqual([])
  expect((await call("GET", "/dead-letters?limit=1")).body).toMatchObject({ next: String(first.number) })
  expect((await call("GET", "/dead-letters?reason=Bored")).status).toBe(400)

  expect((await call("POST", `/dead-letters/${first.number}/redrive`)).status).toBe(204)
  const again = await vi.waitFor(async () => {
    const letter = (await letters()).find(({ key, number }) => key === first.key && number !== first.number)
    if (letter === undefined) throw new Error("no letter yet")
    return letter
  }, FLOW)
  const gone = await call("GET", `/dead-letters/${first.number}`)
  expect(gone.body).toMatchObject({ type: "urn:everstate:problem:dead-letter-not-found", status: 404 })

  expect((await call("DELETE", `/dead-letters/${again.number}`)).status).toBe(204)
  const redriven = await call("POST", "/dead-letters/redrive", { reason: "Rejected" })
  expect(redriven.body).toMatchObject({ done: 1, keptCount: 0, complete: true })
  await vi.waitFor(
    async () => expect(await letters()).toMatchObject([{ key: second.key, reason: "Rejected" }]),
    FLOW,
  )
  const discarded = await call("DELETE", "/dead-letters?reason=Rejected")
  expect(discarded.body).toEqual({ done: 1, keptCount: 0, kept: [], complete: true })
  expect(await letters()).toEqual([])
  expect((await call("DELETE", "/dead-letters")).status).toBe(400)
})

test("all letters of a reason are discarded in the background, as a job that anybody may look at and end", async () => {
  for (let count = 0; count < 2; count++) await deadLetter()
  const task = { verb: "discard", reason: "Rejected" }
  const jobs = async () => (await call("GET", "/dead-letters/jobs")).body.items
  expect((await call("POST", "/dead-letters/jobs", { verb: "burn", reason: "Rejected" })).status).toBe(400)
  expect((await call("DELETE", "/dead-letters/jobs?verb=redrive&reason=Refused")).status).toBe(404)
  const started = await call("POST", "/dead-letters/jobs", task)
  expect(started).toMatchObject({ status: 202, body: { ...task, keptCount: 0 } })
  await vi.waitFor(async () => {
    expect(await jobs()).toMatchObject([{ ...task, state: "done", done: expect.any(Number) }])
  }, FLOW)
  expect((await jobs())[0].done).toBeGreaterThanOrEqual(2)
  expect(await letters("?reason=Rejected")).toEqual([])
  // It is over: there is nothing to end.
  expect((await call("DELETE", "/dead-letters/jobs?verb=discard&reason=Rejected")).body).toMatchObject({
    state: "done",
  })
})
