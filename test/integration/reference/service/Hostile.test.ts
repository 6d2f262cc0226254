/** What a page of another site, and a client with hostile ids, get from every route: those of orders, and the gateway's. */
import { once } from "node:events"
import { type IncomingMessage, request } from "node:http"
import { describe, expect, test } from "vitest"
import { GatewayApi } from "../../../../infra/gateway/GatewayApi.ts"
import { OrderApi } from "../../../../infra/reference/service/OrderApi.ts"
import { serviceFixture } from "./ServiceFixture.ts"

const { call, service } = serviceFixture()

/** Not `fetch`: it does not let a test choose Host. */
const raw = async (
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<{ readonly status: number; readonly body: string }> => {
  const asked = request(`${service().url()}${path}`, { method, headers })
  asked.end(body)
  const [answer] = (await once(asked, "response")) as [IncomingMessage]
  let text = ""
  for await (const chunk of answer) text += chunk
  return { status: answer.statusCode ?? 0, body: text }
}

const endpoints = Object.values({ ...OrderApi.groups, ...GatewayApi.groups }).flatMap((group) =>
  Object.values(group.endpoints).map(({ method, path }) => ({ method, path: String(path) })),
)
const changing = endpoints.filter(({ method }) => method !== "GET")

/** The path with an innocent value for every parameter but the given one. */
const pathWith = (path: string, hostile: string | undefined, value: string): string =>
  path.replaceAll(/:(\w+)/g, (_, name) => (name === hostile ? value : name === "number" ? "1" : "order"))

describe("a page of another site", () => {
  test("changes nothing by any verb without a body", async () => {
    expect(changing.length).toBeGreaterThan(20)
    for (const { method, path } of changing) {
      const answer = await raw(method, pathWith(path, undefined, ""), { origin: "http://evil.example" })
      expect([method, path, answer.status]).toEqual([method, path, 403])
    }
    expect((await call("GET", "/cluster")).body.paused).toEqual([])
  })

  test("changes nothing by a body that a browser sends without asking first", async () => {
    const delivery = JSON.stringify({ deliveryId: "d-1", quantity: 10 })
    const from = { origin: "http://evil.example", "sec-fetch-site": "cross-site" }
    expect((await raw("POST", "/stock/csrf/receive", from, delivery)).status).toBe(403)
    const typed = { "content-type": "text/plain", "content-length": String(delivery.length) }
    expect((await raw("POST", "/stock/csrf/receive", typed, delivery)).status).toBe(415)
    expect((await raw("POST", "/stock/csrf/receive", {}, delivery)).status).toBe(415)
    expect((await call("GET", "/actors/inventory/csrf")).status).toBe(404)
    // Without a body, only a header that pages cannot set shows who sent it.
    for (const { method, path } of changing) {
      const answer = await raw(method, pathWith(path, undefined, ""), {})
      expect([method, path, answer.status]).toEqual([method, path, 415])
    }
  })

  test("reads nothing under a name that was made to point here", async () => {
    const headers = { host: `evil.example:${new URL(service().url()).port}` }
    for (const path of ["/healthz", "/metrics", "/docs", "/openapi.json", "/events/catalog", "/nowhere"]) {
      const answer = await raw("GET", path, headers)
      expect([path, answer.status, JSON.parse(answer.body).type]).toEqual([
        path,
        421,
        "urn:everstate:problem:foreign-host",
      ])
    }
    for (const { method, path } of endpoints) {
      expect((await raw(method, pathWith(path, undefined, ""), headers)).status).toBe(421)
    }
  })
})

test("the page at /docs, curl and other programs are served", async () => {
  const { host, port } = new URL(service().url())
  const json = { "content-type": "application/json" }
  const delivery = JSON.stringify({ deliveryId: "d-1", quantity: 10 })
  const page = { ...json, origin: `http://${host}`, "sec-fetch-site": "same-origin" }
  expect((await raw("GET", "/docs", {})).body).toContain("swagger")
  expect((await raw("POST", "/stock/docs/receive", page, delivery)).status).toBe(200)
  expect((await raw("POST", "/stock/curl/receive", json, delivery)).status).toBe(200)
  const named = { ...json, host: `localhost:${port}`, origin: `http://localhost:${port}` }
  expect((await raw("POST", "/stock/named/receive", named, delivery)).status).toBe(200)
})

describe("on every route", () => {
  /** Each as it goes into a path. */
  const hostile = {
    "U+0000": "a%00b",
    "only U+0000": "%00",
    "257 characters": "x".repeat(257),
    "4,000 characters": "x".repeat(4_000),
    "769 bytes in a subject": "%C3%A4".repeat(129),
  }

  test.each(Object.entries(hostile))("%s in an id is a 400", async (_, value) => {
    for (const { method, path } of endpoints) {
      for (const [, name] of path.matchAll(/:(\w+)/g)) {
        // What is no name of a command is no route.
        if (name === "command") continue
        const answer = await call(method, pathWith(path, name, value))
        expect([method, path, name, answer.status]).toEqual([method, path, name, 400])
        expect(answer.body.type).toBe("urn:everstate:problem:invalid-id")
      }
    }
  })

  test("an Idempotency-Key that is too long is a 400", async () => {
    for (const { method, path } of changing) {
      const answer = await call(method, pathWith(path, undefined, ""), undefined, {
        "idempotency-key": "k".repeat(257),
      })
      expect([method, path, answer.status < 500]).toEqual([method, path, true])
    }
    const headers = { "idempotency-key": "k".repeat(257) }
    const delivery = { deliveryId: "d-1", quantity: 10 }
    expect((await call("POST", "/stock/long/receive", delivery, headers)).status).toBe(400)
  })

  const odd = [
    "..",
    "%2E%2E%2F",
    "*",
    ">",
    "a.b",
    "%",
    "%ZZ",
    "%ED%A0%80",
    "%F0%9F%98%80",
    "__proto__",
    "%0A",
    "%7F",
    "' or 1=1",
    "-1",
    "1e9",
  ]

  test("no id is a defect", async () => {
    for (const value of odd) {
      for (const { method, path } of endpoints) {
        if (method === "GET" && /\/(watch|events)$/.test(path)) continue // endless
        for (const [, name] of path.matchAll(/:(\w+)/g)) {
          const answer = await call(method, pathWith(path, name, encodeURI(value).replaceAll("%25", "%")))
          expect([method, path, value, answer.status < 500]).toEqual([method, path, value, true])
        }
      }
    }
  })

  test("no cursor is a defect", async () => {
    const cursors = [
      [1, "a\0b"],
      ["\0"],
      [Number.MAX_SAFE_INTEGER, "x"],
      [1e300, "x"],
      [-1],
      [null],
      "x",
    ].map((position) => Buffer.from(JSON.stringify(position)).toString("base64url"))
    const lists = [
      "/orders/o/audit?",
      "/orders/o/history?",
      "/customers/c/orders?",
      "/sagas/fulfilment?",
      "/orders?email=a@b.example&",
    ]
    for (const path of lists) {
      for (const cursor of [...cursors, "%00", "1.1", "x".repeat(3_000)]) {
        const answer = await call("GET", `${path}cursor=${cursor}`)
        expect([path, cursor, answer.status < 500]).toEqual([path, cursor, true])
      }
    }
  })
})
