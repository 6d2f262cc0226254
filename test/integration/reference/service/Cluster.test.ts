/** Several service processes are one service: whichever is asked, and whichever ends. */
import { Effect } from "effect"
import { expect, test, vi } from "vitest"
import { clusterFixture } from "./ClusterFixture.ts"
import { fulfilledPlacement, payment, placement } from "./ServiceFixture.ts"

const { node, add, call } = clusterFixture(["one", "two"])

/** Longest wait for anything on a loaded machine. */
const FLOW = { timeout: 120_000, interval: 50 }

interface Slot {
  readonly slot: string
  readonly member?: string
  readonly epoch: number
  readonly lag?: number
}

const members = async (asked: string) => (await call(asked, "GET", "/cluster")).body.members

const idOf = async (name: string): Promise<string> =>
  (await members(name)).find((member: { self: boolean }) => member.self).id

const slotsOf = async (asked: string, name: string): Promise<ReadonlyArray<Slot>> => {
  const { body } = await call(asked, "GET", "/cluster")
  const { id } = body.members.find((member: { name: string }) => member.name === name) ?? {}
  return body.slots.filter(({ member }: Slot) => member !== undefined && member === id)
}

const shareIs = (asked: string, name: string, isRight: (shardCount: number) => boolean) =>
  vi.waitFor(async () => {
    const shards = (await slotsOf(asked, name)).filter(({ slot }) => slot.startsWith("shard."))
    expect(isRight(shards.length), `${name} has ${shards.length} shards`).toBe(true)
  }, FLOW)

const bothShare = async () => {
  await shareIs("one", "one", (count) => count === 32)
  await shareIs("one", "two", (count) => count === 32)
}

test("every node shows the members and who has what", async () => {
  await bothShare()
  for (const asked of ["one", "two"]) {
    const { status, body } = await call(asked, "GET", "/cluster")
    expect(status).toBe(200)
    expect(body.members.map(({ name }: { name: string }) => name).sort()).toEqual(["one", "two"])
    for (const member of body.members) {
      expect(member).toMatchObject({ state: "up", version: "1", weight: 1, self: member.name === asked })
      expect(member.load).toMatchObject({ inFlight: expect.any(Number) })
    }
    await vi.waitFor(async () => {
      const slots: ReadonlyArray<Slot> = (await call(asked, "GET", "/cluster")).body.slots
      expect(slots.filter(({ member, epoch }) => member === undefined || epoch === 0)).toEqual([])
      const shards = slots.filter(({ slot }) => slot.startsWith("shard."))
      expect(shards.filter(({ lag }) => lag === undefined)).toEqual([])
      expect(slots.some(({ slot }) => slot.startsWith("projection.order_summary."))).toBe(true)
    }, FLOW)
  }
})

test("any node takes commands and queries for any order, and waits for read models that another one fills", async () => {
  for (let index = 0; index < 12; index++) {
    const id = `o-${index}`
    const [here, there] = index % 2 === 0 ? ["one", "two"] : ["two", "one"]
    const placed = await call(here as string, "PUT", `/orders/${id}`, placement("c-1"), {
      "idempotency-key": id,
    })
    expect(placed.status).toBe(201)
    const again = await call(there as string, "PUT", `/orders/${id}`, placement("c-1"), {
      "idempotency-key": id,
    })
    expect(again.body).toMatchObject({ duplicate: true, version: 1 })
    const paid = await call(there as string, "POST", `/orders/${id}/pay`, payment)
    expect(paid.body).toMatchObject({ version: 2 })
    const refused = await call(here as string, "POST", `/orders/${id}/deliver`)
    expect(refused.body).toMatchObject({ status: 422, type: "urn:everstate:problem:rejected" })
    const stale = await call(
      here as string,
      "POST",
      `/orders/${id}/cancel`,
      { reason: "late" },
      { "if-match": '"1"' },
    )
    expect(stale.status).toBe(412)
    const { sequence } = paid.body
    for (const asked of ["one", "two"]) {
      expect((await call(asked, "GET", `/orders/${id}`)).body).toMatchObject({ status: "paid", version: 2 })
      expect((await call(asked, "GET", `/orders/${id}/history`)).body.events).toHaveLength(2)
      expect((await call(asked, "GET", `/actors/order/${id}/at?version=1`)).body).toMatchObject({
        state: "placed",
      })
      const list = await call(asked, "GET", `/customers/c-1/orders?limit=100&after=${sequence}`)
      expect(list.body.orders).toContainEqual(expect.objectContaining({ orderId: id, status: "paid" }))
      const audit = await call(asked, "GET", `/orders/${id}/audit?after=${sequence}`)
      expect(audit.body.events).toHaveLength(2)
    }
  }
})

test("a fulfilment is seen and steered from any node", async () => {
  await call("one", "POST", "/stock/tea/receive", { deliveryId: "d-1", quantity: 50 })
  expect((await call("two", "GET", "/actors/inventory/tea")).body.context).toMatchObject({
    receivedCount: 50,
  })
  for (const [asked, other, id] of [
    ["one", "two", "f-1"],
    ["two", "one", "f-2"],
  ] as const) {
    await call(asked, "PUT", `/orders/${id}`, fulfilledPlacement("c-2", "card-1", "tea"))
    await vi.waitFor(async () => {
      expect((await call(other, "GET", `/orders/${id}`)).body).toMatchObject({
        fulfilment: { state: "completed" },
      })
    }, FLOW)
    for (const path of [`/sagas/fulfilment/${id}`, `/actors/payment/${id}`, `/actors/shipment/${id}`]) {
      expect((await call(other, "GET", path)).status).toBe(200)
      expect((await call(asked, "GET", path)).status).toBe(200)
    }
    const late = await call(other, "POST", `/sagas/fulfilment/${id}/cancel`, { by: "ann", note: "late" })
    expect(late.status).toBe(422)
    // Told of its arrival by hand first: what its shipment then says becomes a dead letter, seen and redriven anywhere.
    await call(other, "POST", `/orders/${id}/deliver`)
    await call(asked, "POST", `/actors/shipment/${id}/Deliver`, {})
    const letter = await vi.waitFor(async () => {
      const { items: letters } = (await call(other, "GET", "/dead-letters")).body
      const found = letters.find(({ key }: { key: string }) => key === `order/${id}`)
      if (found === undefined) throw new Error("no letter yet")
      return found
    }, FLOW)
    expect((await call(asked, "POST", `/dead-letters/${letter.number}/redrive`)).status).toBe(204)
  }
  for (const asked of ["one", "two"]) {
    await vi.waitFor(async () => {
      const { items } = (await call(asked, "GET", "/sagas/fulfilment?state=completed")).body
      expect(items.map(({ id }: { id: string }) => id)).toEqual(["f-1", "f-2"])
    }, FLOW)
  }
})

test("a drained node has nothing, is not ready, and still answers; undrained it takes part again", async () => {
  expect((await call("one", "POST", "/cluster/members/two/drain")).status).toBe(204)
  await shareIs("one", "two", (count) => count === 0)
  const ready = await call("two", "GET", "/readyz")
  expect(ready.status).toBe(503)
  expect(ready.body.cluster).toMatchObject({ ok: false, name: "two", state: "drained" })
  expect((await call("one", "GET", "/readyz")).body.cluster).toMatchObject({ ok: true, state: "up" })
  expect((await call("two", "GET", "/orders/o-1")).body).toMatchObject({ status: "paid" })
  const { sequence } = (await call("two", "PUT", "/orders/o-drained", placement("c-3"))).body
  const list = await call("two", "GET", `/customers/c-3/orders?after=${sequence}`)
  expect(list.body.orders).toHaveLength(1)
  expect((await call("two", "POST", "/cluster/members/two/undrain")).status).toBe(204)
  await bothShare()
  await vi.waitFor(async () => expect((await call("two", "GET", "/readyz")).status).toBe(200), FLOW)
})

test("a slot is moved and freed, an actor passivated, a type paused and resumed, from any node", async () => {
  const [slot] = (await slotsOf("one", "one")).map((found) => found.slot)
  expect((await call("one", "POST", `/cluster/slots/${slot}/move`, { member: "two" })).status).toBe(204)
  await vi.waitFor(async () => {
    expect((await slotsOf("two", "two")).map((found) => found.slot)).toContain(slot)
  }, FLOW)
  expect((await call("two", "GET", "/cluster")).body.pins).toEqual({ [slot as string]: await idOf("two") })
  expect((await call("two", "DELETE", `/cluster/slots/${slot}/pin`)).status).toBe(204)
  await vi.waitFor(async () => expect((await call("one", "GET", "/cluster")).body.pins).toEqual({}), FLOW)

  await call("one", "GET", "/orders/o-1")
  await vi.waitFor(async () => {
    expect((await call("two", "POST", "/actors/order/o-1/passivate")).body).toEqual({ passivated: true })
  }, FLOW)
  expect((await call("one", "POST", "/actors/order/o-1/passivate")).body).toEqual({ passivated: false })

  expect((await call("one", "POST", "/types/order/pause")).status).toBe(204)
  await vi.waitFor(async () => {
    for (const id of ["o-p1", "o-p2", "o-p3"]) {
      const refused = await call("two", "PUT", `/orders/${id}`, placement("c-4"))
      expect(refused.status).toBe(503)
      expect(refused.body.detail).toContain("paused")
    }
  }, FLOW)
  expect((await call("two", "GET", "/orders/o-1")).status).toBe(200)
  expect((await call("two", "GET", "/cluster")).body.paused).toEqual(["order"])
  expect((await call("two", "POST", "/types/order/resume")).status).toBe(204)
  for (const id of ["o-p1", "o-p2", "o-p3"]) {
    await vi.waitFor(async () => {
      expect((await call("one", "PUT", `/orders/${id}`, placement("c-4"))).status).toBeLessThan(300)
    }, FLOW)
  }

  const unknown = { status: 404, type: "urn:everstate:problem:cluster-not-found" }
  const member = await call("one", "POST", "/cluster/members/nobody/drain")
  expect(member.body).toMatchObject({
    ...unknown,
    reason: "UnknownMember",
    hint: expect.stringContaining("one"),
  })
  expect((await call("one", "POST", "/cluster/slots/shard.99/move", { member: "two" })).body).toMatchObject(
    unknown,
  )
  expect((await call("one", "POST", "/types/nothing/pause")).body).toMatchObject({
    ...unknown,
    reason: "UnknownType",
  })
  expect((await call("one", "POST", "/cluster/slots/shard.1/move", {})).status).toBe(400)
})

test("metrics tell of members, slots, moves, routed asks and the lease", async () => {
  const text: string = (await call("one", "GET", "/metrics")).body
  const value = (name: string): number => {
    const line = text.split("\n").find((one) => one.startsWith(`${name} `))
    return Number(line?.slice(name.length))
  }
  expect(value('everstate_cluster_members{state="up"}')).toBe(2)
  expect(value('everstate_cluster_slots{kind="shard"}')).toBeGreaterThan(20)
  expect(value('everstate_cluster_moves_total{outcome="taken"}')).toBeGreaterThan(60)
  expect(value('everstate_cluster_moves_total{outcome="handed-over"}')).toBeGreaterThanOrEqual(0)
  expect(value("everstate_cluster_lease_valid")).toBe(1)
  expect(value("everstate_cluster_lease_age_seconds")).toBeLessThan(15)
  expect(value("everstate_cluster_evictions_total")).toBe(0)
  expect(value("everstate_asks_routed_total")).toBeGreaterThan(5)
  expect(value("everstate_asks_retried_total")).toBeGreaterThanOrEqual(0)
})

test("events are told as they happen, and their listeners hold up no stop", async () => {
  const events: Array<Record<string, unknown>> = []
  const listening = async (name: string) => {
    const response = await fetch(`${node(name).url()}/cluster/events`)
    expect(response.headers.get("content-type")).toContain("text/event-stream")
    const isOver = (async () => {
      let text = ""
      for await (const chunk of response.body as ReadableStream<Uint8Array>) {
        text += new TextDecoder().decode(chunk)
        const lines = text.split("\n")
        text = lines.pop() ?? ""
        for (const line of lines) if (line.startsWith("data:")) events.push(JSON.parse(line.slice(5)))
      }
    })()
    return {
      isOver: isOver.then(
        () => "ended by the node",
        () => "cut off",
      ),
    }
  }
  await bothShare()
  await listening("one")
  await vi.waitFor(() => expect(events[0]).toMatchObject({ type: "Listening", name: "one" }), FLOW)
  const three = await add("three")
  await vi.waitFor(() => {
    expect(events).toContainEqual(expect.objectContaining({ type: "MemberJoined", name: "three" }))
    expect(events).toContainEqual(expect.objectContaining({ type: "SlotMoved", what: "handedOver" }))
  }, FLOW)
  await shareIs("one", "three", (count) => count >= 20)
  const { isOver } = await listening("three")
  await Effect.runPromise(three.stop)
  expect(await isOver).toBe("ended by the node")
  await vi.waitFor(
    () => expect(events).toContainEqual(expect.objectContaining({ type: "MemberLeft", name: "three" })),
    FLOW,
  )
  await bothShare()
})

test("FAULT 7: the orders of a node that is killed go on elsewhere", async () => {
  await Effect.runPromise(node("two").kill)
  for (let index = 0; index < 12; index++) {
    const { status } = await call("one", "GET", `/orders/o-${index}`)
    expect(status).toBe(200)
  }
  await shareIs("one", "one", (count) => count === 64)
  await Effect.runPromise(node("two").start)
  await bothShare()
})
