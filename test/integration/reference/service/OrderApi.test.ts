/** The order API, end to end: HTTP, system, JetStream, Postgres. */
import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { payment, placement, serviceFixture } from "./ServiceFixture.ts"

const { call } = serviceFixture()

const newId = (): string => `o-${randomUUID()}`
const place = (id: string, customerId = "c-1", headers: Record<string, string> = {}) =>
  call("PUT", `/orders/${encodeURIComponent(id)}`, placement(customerId), headers)

/** UTF-8, a character a byte, as it goes over the wire. */
const asHeader = (text: string): string => Buffer.from(text).toString("latin1")

const problem = (name: string) => `urn:everstate:problem:${name}`

describe("the Command API", () => {
  test("takes an order through its life", async () => {
    const id = newId()
    const placed = await place(id)
    expect(placed.status).toBe(201)
    expect(placed.headers.get("location")).toBe(`/orders/${id}`)
    expect(placed.headers.get("etag")).toBe('"1"')
    expect(placed.headers.get("everstate-sequence")).toBe(String(placed.body.sequence))
    expect(placed.body).toEqual({
      orderId: id,
      version: 1,
      sequence: expect.any(Number),
      duplicate: false,
      total: { minor: 2500, currency: "EUR" },
    })
    const pen = { sku: "pen/blue 1", quantity: 1, unitPriceMinor: 100 }
    expect((await call("POST", `/orders/${id}/lines`, pen)).status).toBe(200)
    expect((await call("DELETE", `/orders/${id}/lines/${encodeURIComponent(pen.sku)}`)).status).toBe(200)
    expect((await call("POST", `/orders/${id}/pay`, payment)).status).toBe(200)
    expect((await call("POST", `/orders/${id}/ship`, { carrier: "post", trackingNumber: "T" })).status).toBe(
      200,
    )
    expect((await call("POST", `/orders/${id}/deliver`)).status).toBe(200)
    const returned = await call("POST", `/orders/${id}/return`, { reason: "does not fit" })
    expect(returned.body).toMatchObject({ version: 7, duplicate: false })
    const order = await call("GET", `/orders/${id}`)
    expect(order.body).toMatchObject({
      orderId: id,
      status: "returned",
      version: 7,
      lines: [{ sku: "book" }],
    })
    expect(order.headers.get("etag")).toBe('"7"')
  })

  test("names an order itself, the same one for the same idempotency key", async () => {
    const headers = { "idempotency-key": randomUUID() }
    const first = await call("POST", "/orders", placement("c-1"), headers)
    const second = await call("POST", "/orders", placement("c-1"), headers)
    expect(first.status).toBe(201)
    expect(second.body).toEqual({ ...first.body, duplicate: true })
    const other = await call("POST", "/orders", placement("c-1"))
    expect(other.body.orderId).not.toBe(first.body.orderId)
    const named = await call("POST", "/orders", { orderId: newId(), ...placement("c-1") })
    expect(named.body.orderId).toMatch(/^o-/)
  })

  test("applies a command once under one Idempotency-Key, whatever happened since", async () => {
    const id = newId()
    await place(id)
    const headers = { "idempotency-key": "pay-once", "if-match": '"1"' }
    const paid = await call("POST", `/orders/${id}/pay`, payment, headers)
    await call("POST", `/orders/${id}/cancel`, { reason: "changed my mind" })
    const again = await call("POST", `/orders/${id}/pay`, payment, headers)
    expect(again.status).toBe(200)
    expect(again.body).toEqual({ ...paid.body, duplicate: true })
  })

  test("FAULT 5: refuses a key that named another command", async () => {
    const id = newId()
    await place(id, "c-1", { "idempotency-key": "k" })
    const reused = await call("POST", `/orders/${id}/cancel`, { reason: "x" }, { "idempotency-key": "k" })
    expect(reused.status).toBe(409)
    expect(reused.body).toMatchObject({
      type: problem("idempotency-key-reused"),
      idempotencyKey: "k",
      hint: expect.any(String),
    })
  })

  test("applies a command at the version of If-Match only", async () => {
    const id = newId()
    expect((await place(id, "c-1", { "if-none-match": "*" })).status).toBe(201)
    expect((await place(id, "c-1", { "if-none-match": "*" })).status).toBe(412)
    const stale = await call("POST", `/orders/${id}/pay`, payment, { "if-match": '"7"' })
    expect(stale.status).toBe(412)
    expect(stale.body).toMatchObject({ type: problem("version-conflict"), expected: 7, found: 1 })
    expect((await call("POST", `/orders/${id}/pay`, payment, { "if-match": '"1"' })).status).toBe(200)
    expect((await call("POST", `/orders/${id}/pay`, payment, { "if-match": "2" })).status).toBe(400)
  })

  test("says which rule of the order a command breaks", async () => {
    const id = newId()
    await place(id)
    const wrong = await call("POST", `/orders/${id}/pay`, {
      ...payment,
      amount: { minor: 1, currency: "EUR" },
    })
    expect(wrong.status).toBe(422)
    expect(wrong.headers.get("content-type")).toBe("application/problem+json")
    expect(wrong.body).toMatchObject({
      type: problem("rejected"),
      status: 422,
      title: expect.any(String),
      detail: expect.any(String),
      reason: "AmountMismatch",
      state: "placed",
      facts: { expected: { minor: 2500, currency: "EUR" } },
    })
    const early = await call("POST", `/orders/${id}/ship`, { carrier: "post", trackingNumber: "T" })
    expect(early.body).toMatchObject({ reason: "NotAccepted", state: "placed" })
  })

  test("knows no order that was never placed", async () => {
    const answer = await call("POST", `/orders/${newId()}/pay`, payment)
    expect(answer.status).toBe(404)
    expect(answer.body.type).toBe(problem("not-found"))
  })
})

describe("problem documents", () => {
  test("tell everything that is wrong with a body", async () => {
    const answer = await call("POST", "/orders", { customerId: "", currency: "XXX", lines: [] })
    expect(answer.status).toBe(400)
    expect(answer.body.type).toBe(problem("invalid-request"))
    const paths = answer.body.issues.map(({ path }: { path: string }) => path)
    expect(new Set(paths)).toEqual(new Set(["customerId", "currency", "lines"]))
  })

  test.each([
    ["malformed JSON", "POST", "/orders", "{bad", {}, 400, "invalid-request"],
    [
      "another media type",
      "POST",
      "/orders",
      "<order/>",
      { "content-type": "text/xml" },
      415,
      "unsupported-media-type",
    ],
    ["another method", "PUT", "/orders/o/pay", payment, {}, 405, "method-not-allowed"],
    ["an unknown route", "GET", "/nothing", undefined, {}, 404, "route-not-found"],
    [
      "FAULT 36: a body over the limit",
      "POST",
      "/orders",
      "x".repeat(2_000_000),
      {},
      413,
      "payload-too-large",
    ],
    [
      "FAULT 38: an order id that is too long",
      "PUT",
      `/orders/${"a".repeat(300)}`,
      placement("c"),
      {},
      400,
      "invalid-id",
    ],
    [
      "a cursor of somebody else's",
      "GET",
      "/customers/c/orders?cursor=zzz",
      undefined,
      {},
      400,
      "invalid-request",
    ],
    ["an unknown status", "GET", "/customers/c/orders?status=lost", undefined, {}, 400, "invalid-request"],
    [
      "a page that is too large",
      "GET",
      "/orders/o/history?limit=100000",
      undefined,
      {},
      400,
      "invalid-request",
    ],
  ] as const)("answer %s", async (_, method, path, body, headers, status, name) => {
    const answer = await call(method, path, body, headers)
    expect(answer.status).toBe(status)
    expect(answer.headers.get("content-type")).toBe("application/problem+json")
    expect(answer.body).toMatchObject({ type: problem(name), status, title: expect.any(String) })
  })

  test("name the methods that a path has", async () => {
    expect((await call("POST", "/orders/o")).headers.get("allow")).toBe("GET, PUT")
  })

  test("FAULT 38: ids with dots, spaces, slashes and Unicode are orders like any other", async () => {
    for (const id of [`a.b*c>d ${randomUUID()}`, `주문/№ ${randomUUID()}`]) {
      expect((await place(id)).status).toBe(201)
      expect((await call("GET", `/orders/${encodeURIComponent(id)}`)).body).toMatchObject({ orderId: id })
    }
  })

  test("carry the correlation id of the request, as every answer does", async () => {
    const headers = { "x-correlation-id": "story-1" }
    expect((await call("GET", "/nothing", undefined, headers)).headers.get("x-correlation-id")).toBe(
      "story-1",
    )
    expect((await call("GET", "/healthz")).headers.get("x-correlation-id")).toMatch(/.{8}/)
  })
})

describe("the Query API", () => {
  test("answers 304 while the order is at the version of If-None-Match", async () => {
    const id = newId()
    await place(id)
    const read = (tag: string) => call("GET", `/orders/${id}`, undefined, { "if-none-match": tag })
    expect((await read('"1"')).status).toBe(304)
    expect((await read('W/"9", "1"')).status).toBe(304)
    expect((await read('"2"')).status).toBe(200)
    expect((await call("GET", `/orders/${newId()}`)).status).toBe(404)
  })

  test("pages through the history, with who did it and as part of what", async () => {
    const id = newId()
    const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await place(id, "c-1", {
      "x-user": "mira",
      "x-correlation-id": "story-2",
      traceparent: trace,
      "idempotency-key": "first",
    })
    await call("POST", `/orders/${id}/pay`, payment)
    const first = await call("GET", `/orders/${id}/history?limit=1`)
    expect(first.body.events).toEqual([
      {
        version: 1,
        sequence: expect.any(Number),
        at: expect.stringMatching(/Z$/),
        type: "OrderPlaced",
        data: { ...placement("c-1"), fulfilment: null },
        commandId: "first",
        user: "mira",
        correlationId: "story-2",
        trace,
      },
    ])
    const [{ sequence, at }] = first.body.events
    expect(first.body.birth).toEqual({ sequence, at })
    const second = await call("GET", `/orders/${id}/history?limit=1&cursor=${first.body.next}`)
    expect(second.body.events).toMatchObject([{ version: 2, type: "OrderPaid" }])
    expect(second.body.next).toBeUndefined()
    expect(second.body.birth).toBeUndefined()
    expect((await call("GET", `/orders/${newId()}/history`)).status).toBe(404)
  })

  test("lists a customer's orders, newest first, twenty a page, one's own write among them", async () => {
    const customerId = `c-${randomUUID()}`
    const ids: Array<string> = []
    let after = 0
    for (let index = 0; index < 23; index++) {
      const placed = await place(newId(), customerId)
      ids.push(placed.body.orderId)
      after = placed.body.sequence
    }
    const path = `/customers/${customerId}/orders`
    const first = await call("GET", `${path}?after=${after}`)
    expect(first.body.orders).toHaveLength(20)
    expect(first.body.orders[0]).toMatchObject({ status: "placed", total: { minor: 2500, currency: "EUR" } })
    const second = await call("GET", `${path}?cursor=${first.body.next}`)
    expect(second.body.orders).toHaveLength(3)
    expect(second.body.next).toBeUndefined()
    const listed = [...first.body.orders, ...second.body.orders]
    expect(listed.map(({ orderId }) => orderId).sort()).toEqual([...ids].sort())
    const times = listed.map(({ placedAt }) => placedAt)
    expect(times).toEqual([...times].sort().reverse())

    const [paidId] = ids
    const paid = await call("POST", `/orders/${paidId}/pay`, payment)
    const filtered = await call("GET", `${path}?status=paid&after=${paid.body.sequence}`)
    expect(filtered.body.orders).toMatchObject([{ orderId: paidId, version: 2 }])
  })

  test("shows the audit trail of an order from its read model", async () => {
    const id = newId()
    await place(id, "c-1", { "x-user": "mira", traceparent: "nonsense" })
    const paid = await call("POST", `/orders/${id}/pay`, payment, { "x-user": asHeader("김누리") })
    const audit = await call("GET", `/orders/${id}/audit?limit=1&after=${paid.body.sequence}`)
    expect(audit.body.events).toMatchObject([{ type: "OrderPlaced", user: "mira" }])
    expect(audit.body.events[0]).not.toHaveProperty("trace")
    const next = await call("GET", `/orders/${id}/audit?cursor=${audit.body.next}`)
    expect(next.body.events).toMatchObject([{ type: "OrderPaid", user: "김누리", data: payment }])
  })

  test("says so when a read model has not come as far as asked", async () => {
    const answer = await call("GET", "/customers/c-1/orders?after=99999999")
    expect(answer.status).toBe(504)
    expect(answer.body.type).toBe(problem("read-model-behind"))
    expect(answer.headers.get("retry-after")).toBe("1")
  })
})

test("/openapi.json has the routes of orders beside those of the gateway, with their problems", async () => {
  const { body } = await call("GET", "/openapi.json")
  expect(body.info.title).toBe("Everstate orders")
  const own = Object.keys(body.paths).filter((path) => /^\/(orders|customers|stock)\b/.test(path))
  expect(own.sort()).toEqual([
    "/customers/{customerId}/orders",
    "/orders",
    "/orders/{orderId}",
    "/orders/{orderId}/audit",
    "/orders/{orderId}/cancel",
    "/orders/{orderId}/deliver",
    "/orders/{orderId}/history",
    "/orders/{orderId}/lines",
    "/orders/{orderId}/lines/{sku}",
    "/orders/{orderId}/pay",
    "/orders/{orderId}/return",
    "/orders/{orderId}/ship",
    "/stock/{sku}/receive",
  ])
  expect(body.paths).toHaveProperty(["/actors/order/{id}/Place"])
  const pay = body.paths["/orders/{orderId}/pay"].post
  expect(Object.keys(pay.responses[409].content)).toEqual(["application/problem+json"])
})

test("/docs needs nothing from the network", async () => {
  const { status, body } = await call("GET", "/docs")
  expect(status).toBe(200)
  const markup = body.replace(/<script[^>]*>[\s\S]*?<\/script>|<style>[\s\S]*?<\/style>/g, (part: string) =>
    part.slice(0, part.indexOf(">") + 1),
  )
  expect(markup).toContain("swagger-ui")
  expect(markup).not.toMatch(/(src|href)\s*=/)
  expect(body).not.toMatch(/@import|url\(["']?https?:/)
})

test("/healthz, /readyz and /metrics tell of a service that works", async () => {
  expect((await call("GET", "/healthz")).body).toEqual({ alive: true })
  const ready = await call("GET", "/readyz")
  expect(ready.status).toBe(200)
  expect(ready.body).toMatchObject({
    ready: true,
    journal: { ok: true },
    postgres: { ok: true },
    projections: expect.arrayContaining(
      ["order_summary", "audit_log", "orders_with_customers"].map((name) =>
        expect.objectContaining({ name }),
      ),
    ),
    reactors: [{ name: "start-fulfilment" }, { name: "delivery-handover" }],
  })
  const before = await answeredPuts()
  await place(newId())
  expect(await answeredPuts()).toBe(before + 1)
  const { headers, body } = await call("GET", "/metrics")
  expect(headers.get("content-type")).toContain("version=0.0.4")
  expect(body).toMatch(/^everstate_events_total [1-9]\d*$/m)
  expect(body).toMatch(/^everstate_projection_lag\{projection="order_summary"\} \d+$/m)
  expect(body).toMatch(
    /^everstate_ask_duration_seconds_bucket\{command="Place",outcome="accepted",le="\+Inf"\} \d+$/m,
  )
})

/** Orders that were placed under an id, as the metrics of requests count them. */
const answeredPuts = async (): Promise<number> => {
  const { body } = await call("GET", "/metrics")
  return Number(
    /^everstate_http_request_duration_seconds_count\{method="PUT",status="201"\} (\d+)$/m.exec(body)?.[1] ??
      0,
  )
}
