/** Small facts of requests that a client relies on: versions, keys, entity tags, and which read model a list waits for. */
import { randomUUID } from "node:crypto"
import pg from "pg"
import { describe, expect, test } from "vitest"
import { AuditLog } from "../../../../actors/projections/AuditLog.ts"
import { OrderSummary } from "../../../../actors/projections/OrderSummary.ts"
import { OrdersWithCustomers } from "../../../../actors/projections/OrdersWithCustomers.ts"
import { readModelTable } from "../../../../infra/effect.ts"
import { namespaceOf } from "../../../../infra/reference/service/Hosted.ts"
import { payment, placement, serviceFixture } from "./ServiceFixture.ts"

const { call, servers } = serviceFixture()

const newId = (): string => `o-${randomUUID()}`

describe("If-Match", () => {
  test('"0" is an actor that has no event yet', async () => {
    const id = newId()
    const atZero = { "if-match": '"0"' }
    const placed = await call("PUT", `/orders/${id}`, placement("c-1"), atZero)
    expect([placed.status, placed.body.version]).toEqual([201, 1])
    const again = await call("PUT", `/orders/${id}`, placement("c-1"), atZero)
    expect(again.status).toBe(412)
    expect(again.body).toMatchObject({ expected: 0, found: 1 })
    expect((await call("POST", `/orders/${id}/pay`, payment, atZero)).status).toBe(412)
    expect((await call("GET", `/orders/${id}`)).body).toMatchObject({ status: "placed", version: 1 })
  })

  test("* is any version", async () => {
    const id = newId()
    await call("PUT", `/orders/${id}`, placement("c-1"))
    expect((await call("POST", `/orders/${id}/pay`, payment, { "if-match": "*" })).status).toBe(200)
  })
})

test("one Idempotency-Key from two users, or from one and nobody, is two orders", async () => {
  const key = randomUUID()
  const users: ReadonlyArray<Record<string, string>> = [{ "x-user": "ann" }, { "x-user": "bob" }, {}]
  const place = (user: Record<string, string>) =>
    call("POST", "/orders", placement("c-1"), { "idempotency-key": key, ...user })
  const placed = await Promise.all(users.map(place))
  expect(placed.map(({ status, body }) => [status, body.duplicate])).toEqual(users.map(() => [201, false]))
  const ids = placed.map(({ body }) => body.orderId)
  expect(new Set(ids).size).toBe(users.length)
  const again = await Promise.all(users.map(place))
  expect(again.map(({ body }) => [body.orderId, body.duplicate])).toEqual(ids.map((id) => [id, true]))
})

test("a repeat is counted as a duplicate, and durations are seconds", async () => {
  const id = newId()
  const headers = { "idempotency-key": randomUUID() }
  await call("PUT", `/orders/${id}`, placement("c-1"), headers)
  await call("PUT", `/orders/${id}`, placement("c-1"), headers)
  const { body } = await call("GET", "/metrics")
  expect(body).toMatch(
    /^everstate_ask_duration_seconds_count\{command="Place",outcome="duplicate"\} [1-9]\d*$/m,
  )
  const sum = Number(
    /^everstate_ask_duration_seconds_sum\{command="Place",outcome="duplicate"\} (\S+)$/m.exec(body)?.[1],
  )
  expect(sum).toBeGreaterThan(0)
  expect(sum).toBeLessThan(10)
})

test.each(['"1"', 'W/"1"', '"7", W/"1"', "*"])("If-None-Match: %s is the order at version 1", async (tag) => {
  const id = newId()
  await call("PUT", `/orders/${id}`, placement("c-1"))
  expect((await call("GET", `/orders/${id}`, undefined, { "if-none-match": tag })).status).toBe(304)
  await call("POST", `/orders/${id}/pay`, payment)
  const changed = await call("GET", `/orders/${id}`, undefined, { "if-none-match": tag })
  expect(changed.status).toBe(tag === "*" ? 304 : 200)
})

describe("a list waits for its own read model, and for no other", () => {
  const place = { namespace: namespaceOf("saga") }
  const lists = {
    audit: {
      table: readModelTable(place, AuditLog, "audit_log"),
      path: (id: string) => `/orders/${id}/audit?`,
    },
    customer: {
      table: readModelTable(place, OrderSummary, "order_summary"),
      path: () => "/customers/c-1/orders?",
    },
    email: {
      table: readModelTable(place, OrdersWithCustomers, "orders_with_customers"),
      path: () => "/orders?email=ann@example.org&",
    },
  }

  test.each(Object.keys(lists))("%s", async (name) => {
    const client = new pg.Client(servers().postgresUrl)
    await client.connect()
    try {
      await client.query("begin")
      // Rows may be read, and no transaction of the projection gets through.
      await client.query(`lock table ${lists[name as keyof typeof lists].table} in share mode`)
      const id = newId()
      const placed = await call("PUT", `/orders/${id}`, placement("c-1"))
      const answers = await Promise.all(
        Object.entries(lists).map(async ([other, { path }]) => {
          const answer = await call("GET", `${path(id)}after=${placed.body.sequence}`)
          return [other, answer.status]
        }),
      )
      expect(answers).toEqual(Object.keys(lists).map((other) => [other, other === name ? 504 : 200]))
      await client.query("rollback")
      const path = lists[name as keyof typeof lists].path(id)
      expect((await call("GET", `${path}after=${placed.body.sequence}`)).status).toBe(200)
    } finally {
      await client.end()
    }
  })
})
