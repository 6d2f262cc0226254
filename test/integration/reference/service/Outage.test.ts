/** What the service says and does while a server is away, and when it is told to stop. */
import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import { expect, test, vi } from "vitest"
import { payment, placement, serviceFixture } from "./ServiceFixture.ts"

const { call, servers, service } = serviceFixture()

/** Longest recovery on a loaded machine. */
const RECOVERY = { timeout: 120_000, interval: 100 }

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test("FAULT 51: commands go on while Postgres is away; lists and readiness say so, and recover", async () => {
  const id = `o-${randomUUID()}`
  await call("PUT", `/orders/${id}`, placement("c-51"))
  await servers().postgres.kill()
  const paid = await call("POST", `/orders/${id}/pay`, payment)
  expect(paid.status).toBe(200)
  const ready = await call("GET", "/readyz")
  expect(ready.status).toBe(503)
  expect(ready.body).toMatchObject({ ready: false, journal: { ok: true }, postgres: { ok: false } })
  expect(ready.body.postgres.detail).toMatch(/Postgres|no answer/)
  const list = await call("GET", "/customers/c-51/orders")
  expect(list.status).toBe(503)
  expect(list.headers.get("retry-after")).toBe("1")
  expect(list.body.type).toBe("urn:everstate:problem:read-model-unavailable")
  await servers().postgres.restart()
  await vi.waitFor(async () => {
    const after = await call("GET", `/customers/c-51/orders?after=${paid.body.sequence}`)
    expect(after.body.orders).toMatchObject([{ orderId: id, status: "paid" }])
    expect((await call("GET", "/readyz")).status).toBe(200)
  }, RECOVERY)
})

test("a journal that is away makes the service unready and commands unavailable, until it is back", async () => {
  const id = `o-${randomUUID()}`
  const headers = { "idempotency-key": randomUUID() }
  await servers().nats.kill()
  const ready = await call("GET", "/readyz")
  expect(ready.status).toBe(503)
  expect(ready.body.journal.ok).toBe(false)
  const refused = await call("PUT", `/orders/${id}`, placement("c-nats"), headers)
  expect([503, 504]).toContain(refused.status)
  expect(refused.headers.get("retry-after")).toBe("1")
  expect(refused.body.hint).toEqual(expect.any(String))
  await servers().nats.restart()
  await vi.waitFor(async () => {
    expect((await call("PUT", `/orders/${id}`, placement("c-nats"), headers)).status).toBe(201)
    expect((await call("GET", "/readyz")).status).toBe(200)
  }, RECOVERY)
  expect((await call("GET", `/orders/${id}/history`)).body.events).toHaveLength(1)
})

test("FAULT 15: SIGTERM answers what is in work, refuses what comes after, and keeps every acknowledged order", async () => {
  const pid = service().pid()
  if (pid === undefined) throw new Error("the service is not running")
  const ids = Array.from({ length: 40 }, () => `o-${randomUUID()}`)
  const placing = ids.map((id) =>
    call("PUT", `/orders/${id}`, placement("c-15")).then(
      ({ status }) => ({ id, status }),
      () => ({ id, status: 0 }),
    ),
  )
  expect((await Promise.race(placing)).status).toBe(201)
  process.kill(pid, "SIGTERM")
  const placed = await Promise.all(placing)
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), RECOVERY)
  // A connection that the closing server never took is refused (0); one that it took is answered.
  expect(placed.filter(({ status }) => ![201, 503, 0].includes(status))).toEqual([])
  await Effect.runPromise(service().start)
  for (const { id, status } of placed) {
    if (status === 201) expect((await call("GET", `/orders/${id}`)).status).toBe(200)
  }
})
