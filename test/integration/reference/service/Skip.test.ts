/** One record that nobody can read, and the operator who has the read models of the service step past it. */
import { connect } from "@nats-io/transport-node"
import { expect, test, vi } from "vitest"
import { placement, serviceFixture } from "./ServiceFixture.ts"

const { call, servers } = serviceFixture()

/** Longest wait for anything on a loaded machine. */
const FLOW = { timeout: 120_000, interval: 50 }

const slot = "projection.order_summary.v1.p0"
const order = { by: "ann", note: "written by hand" }

interface Slot {
  readonly slot: string
  readonly stopped?: { readonly sequence: number; readonly reason: string }
}

const stoppedSlots = async (): Promise<ReadonlyArray<Slot>> =>
  (await call("GET", "/cluster")).body.slots.filter(({ stopped }: Slot) => stopped !== undefined)

test("FAULT 72: it stalls visibly, is skipped with a trace, and later orders are in the lists", async () => {
  const client = await connect(servers().nats.login)
  const ack = await client.request("everstate.evt.0.order.forged", "{not json", { timeout: 10_000 })
  const { seq: sequence } = ack.json<{ seq: number }>()
  await client.close()
  await vi.waitFor(async () => {
    const stopped = (await stoppedSlots()).find((found) => found.slot === slot)?.stopped
    expect(stopped).toMatchObject({ sequence, reason: expect.stringContaining("unreadable") })
  }, FLOW)
  const ready = await call("GET", "/readyz")
  expect(ready.status).toBe(503)
  expect(ready.body.projections).toContainEqual(
    expect.objectContaining({ name: "order_summary", ok: false, stoppedAt: sequence }),
  )

  const skip = (sequence: number, of = slot) =>
    call("POST", `/cluster/slots/${of}/skip`, { sequence, ...order })
  expect((await skip(sequence + 1)).body).toMatchObject({
    status: 409,
    type: "urn:everstate:problem:not-stopped",
    hint: expect.stringContaining("stopped"),
  })
  expect((await call("POST", `/cluster/slots/${slot}/skip`, { sequence, by: "", note: "" })).status).toBe(400)
  expect(await skip(sequence)).toMatchObject({ status: 200, body: { deadLetters: 1, news: true } })
  expect(await skip(sequence)).toMatchObject({ status: 200, body: { deadLetters: 0, news: false } })
  for (const other of await stoppedSlots()) expect((await skip(sequence, other.slot)).status).toBe(200)

  const placed = await call("PUT", "/orders/o-1", placement("c-skip"))
  expect(placed.status).toBe(201)
  const list = await call("GET", `/customers/c-skip/orders?after=${placed.body.sequence}`)
  expect(list.body.orders).toHaveLength(1)
  await vi.waitFor(async () => expect((await call("GET", "/readyz")).status).toBe(200), FLOW)
})
