/**
 * The whole reference domain with the rights of docs/deployment and no others: two nodes, a client, a consumer of
 * integration events. And what none of them may do.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jetstream } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { Customer } from "../../../actors/customer/Customer.ts"
import { Inventory } from "../../../actors/inventory/Inventory.ts"
import { notificationActor } from "../../../actors/notification/Notification.ts"
import { Order } from "../../../actors/order/Order.ts"
import { paymentActor } from "../../../actors/payment/Payment.ts"
import { AuditLog } from "../../../actors/projections/AuditLog.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import { OrdersWithCustomers } from "../../../actors/projections/OrdersWithCustomers.ts"
import { Shipment } from "../../../actors/shipment/Shipment.ts"
import { eventsStreamName } from "../../../infra/nats/stores/EventPublisherNats.ts"
import { natsAccountsConf } from "../../../infra/nats/stores/NatsPermissions.ts"
import { readModelTable } from "../../../infra/postgres/ReadModelTables.ts"
import { ActorClient } from "../../../infra/system/ActorClient.ts"
import { DeliveryHandover } from "../../../sagas/delivery/DeliveryHandover.ts"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import { Bank, order, STOCK } from "../../unit/sagas/Shop.ts"
import { Errand, errandActors, work } from "../system/Errands.ts"
import { eventually } from "../system/SystemFixture.ts"
import { NAMESPACE, prepare, type RestrictedServers, restrictedServers, startNode } from "./LeastPrivilege.ts"

const ORDER_COUNT = 10
const ERRAND_COUNT = 10

let servers: RestrictedServers
const folder = mkdtempSync(join(tmpdir(), "everstate-errands-"))
beforeAll(async () => {
  servers = await restrictedServers()
  work.file = join(folder, "work")
})
afterAll(async () => {
  await servers?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const domain = (bank = new Bank()) => ({
  actors: [
    Order,
    paymentActor(bank),
    Inventory,
    Shipment,
    Customer,
    notificationActor({ send: async () => undefined }),
    ...errandActors,
  ],
  sagas: [Fulfilment],
  reactors: [DeliveryHandover],
  projections: [OrderSummary, AuditLog, OrdersWithCustomers],
})

const node = async (name: string, definitions = domain()) => {
  const system = await startNode(servers, "service", { ...definitions, node: { name } })
  onTestFinished(() => system.stop())
  return system
}

const errands = Array.from({ length: ERRAND_COUNT }, (_, index) => `e${index}`)
const orders = Array.from({ length: ORDER_COUNT }, (_, index) => `o-${index}`)

describe("before anything was prepared", () => {
  it("a node that may create no tables refuses to start, and says so", async () => {
    await expect(node("early")).rejects.toMatchObject({ _tag: "PostgresRefused", code: "42501" })
  })

  it("FAULT 35: one that may create no streams refuses to start, and names the subject", async () => {
    const early = { ...servers, postgres: { ...servers.postgres, url: () => servers.postgres.url("owner") } }
    const refused = startNode(early, "service", domain())
    await expect(refused).rejects.toMatchObject({ _tag: "JournalRefused", reason: "NotPermitted" })
    await expect(refused).rejects.toThrow("$JS.API.STREAM.CREATE.everstate-journal")
  })
})

it("credentials in a URL are used, and never shown", async () => {
  const nats = servers.nats.url("service").replace("secret", "wr%C3%B6ng")
  const refused = ActorClient.connect({ nats, namespace: NAMESPACE, actors: [] })
  await expect(refused).rejects.toMatchObject({ _tag: "NatsUnavailable", reason: "NotPermitted" })
  await expect(refused).rejects.not.toThrow(/wr/)
})

describe("with everything prepared", () => {
  beforeAll(() => prepare(servers, domain()))

  it("two nodes run orders, sagas, calls, timers and projections, and hand over", async () => {
    const bank = new Bank()
    const definitions = domain(bank)
    const first = await node("first", definitions)
    const second = await node("second", definitions)
    const client = await ActorClient.connect({
      nats: servers.nats.url("client"),
      namespace: NAMESPACE,
      actors: definitions.actors,
      sagas: definitions.sagas,
    })
    onTestFinished(() => client.close())
    const slotsOf = async (name: string) => {
      const { members } = await first.cluster.status()
      return members.find((member) => member.name === name)?.slotCount ?? 0
    }
    await eventually(async () => (await slotsOf("first")) > 0 && (await slotsOf("second")) > 0)

    for (const sku of Object.keys(STOCK)) {
      await client.get(Inventory, sku).ask({ type: "Receive", deliveryId: "d-1", quantity: 500 })
    }
    // The client has no right to read the journal: the owners send it what happens.
    const followed = orders.map(async (id) => {
      const versions: Array<number> = []
      for await (const { version } of client.get(Order, id).events()) {
        versions.push(version)
        if (version === 1) break
      }
      for await (const { events, state, skipped } of client.get(Order, id).watch({ after: 1 })) {
        expect(skipped).toBe(0)
        versions.push(...events.map(({ version }) => version))
        if (state.value === "shipped") return versions
      }
      return versions
    })
    await Promise.all(orders.map((id) => client.get(Order, id).ask(order)))
    await Promise.all(errands.map((errand) => client.get(Errand, errand).tell({ type: "Begin", errand })))
    // In the middle of it all.
    await first.cluster.drain("second")
    await eventually(async () => (await slotsOf("second")) === 0)
    await first.cluster.undrain("second")

    const state = async (actor: typeof Order | typeof Errand, id: string) =>
      String((await client.get(actor as typeof Order, id).state()).state.value)
    await eventually(async () => {
      const ends = await Promise.all(orders.map((id) => state(Order, id)))
      return ends.every((end) => end === "shipped")
    })
    for (const [index, versions] of (await Promise.all(followed)).entries()) {
      const { version } = await client.get(Order, orders[index] as string).state()
      expect(versions).toEqual(Array.from({ length: version }, (_, at) => at + 1))
    }
    await eventually(async () => {
      const ends = await Promise.all(errands.map((id) => state(Errand, id)))
      return ends.every((end) => end === "over")
    })
    const place = { namespace: NAMESPACE }
    const table = readModelTable(place, OrderSummary, "order_summary")
    await eventually(async () => {
      const [row] = await servers.postgres.sql(
        "reader",
        `select count(*) from ${table} where status = 'shipped'`,
      )
      return row?.["count"] === String(ORDER_COUNT)
    })
    for (const system of [first, second]) {
      const { projections, reactors } = await system.status()
      expect([...projections, ...reactors].filter((one) => one.state === "stalled")).toEqual([])
    }
    expect(bank.books.report().doubleCharges).toEqual(0)
  })

  it("dead letters are kept, shown, redriven and discarded", async () => {
    const system = await node("third")
    await system.get(Order, "nobody").tell({ type: "Cancel", reason: "never placed" })
    await system.get(Order, "nobody-2").tell({ type: "Cancel", reason: "never placed" })
    const letters = () => system.deadLetters.list()
    await eventually(async () => (await letters()).length === 2)
    const [one, two] = await letters()
    await system.deadLetters.discard(one?.number ?? 0)
    await system.deadLetters.redrive(two?.number ?? 0)
    await eventually(async () => (await letters()).some(({ number }) => number > (two?.number ?? 0)))
    await system.deadLetters.discardAll({ reason: "Rejected" })
    expect(await letters()).toEqual([])
  })

  it("a node rebuilds read models, also without the right to truncate them", async () => {
    const system = await node("fourth")
    const { sql } = servers.postgres
    const place = { namespace: NAMESPACE }
    for (const [projection, name] of [
      [OrderSummary, "order_summary"],
      [AuditLog, "audit_log"],
    ] as const) {
      const table = readModelTable(place, projection, name)
      const rows = () => sql("owner", `select * from ${table} order by 1, 2`)
      const before = await rows()
      expect(before.length).toBeGreaterThan(0)
      for (const right of ["grant truncate on %s to", "revoke truncate on %s from"]) {
        await sql("owner", `${right.replace("%s", table)} everstate_service`)
        await sql("owner", `update ${table} set order_id = 'moved by hand' where order_id = 'o-1'`)
        await system.projections.rebuild(projection.name, { by: "ann", note: "" })
        await eventually(async () => JSON.stringify(await rows()) === JSON.stringify(before))
      }
    }
    await expect(sql("service", "truncate everstate.snapshots")).rejects.toMatchObject({ code: "42501" })
  })

  it("a consumer of integration events reads them, and nothing else", async () => {
    const consumer = await connect(servers.nats.login("events"))
    onTestFinished(() => consumer.close())
    const stream = eventsStreamName(NAMESPACE)
    await servers.nats.call("events", `CONSUMER.CREATE.${stream}.shipping`, {
      stream_name: stream,
      config: { durable_name: "shipping", name: "shipping", ack_policy: "explicit" },
      action: "create",
    })
    const events = await (await jetstream(consumer).consumers.get(stream, "shipping")).fetch({
      max_messages: 3,
    })
    const types = new Set<string>()
    for await (const message of events) {
      types.add(message.json<{ type: string }>().type)
      message.ack()
    }
    expect([...types]).toContain("order.confirmed")
  })

  it("Postgres gives nodes rows and no tables, and readers the read models alone", async () => {
    const { sql } = servers.postgres
    const denied = { code: "42501" }
    await expect(sql("service", "create schema mine")).rejects.toMatchObject(denied)
    await expect(sql("service", "create table everstate.mine ()")).rejects.toMatchObject(denied)
    await expect(sql("service", "delete from everstate.migrations")).rejects.toMatchObject(denied)
    await expect(sql("service", "update everstate.journals set shards = 1")).rejects.toMatchObject(denied)
    await expect(sql("service", "drop table everstate.snapshots")).rejects.toMatchObject({ code: "42501" })
    await expect(sql("reader", "select * from everstate.snapshots")).rejects.toMatchObject(denied)
    const table = readModelTable({ namespace: NAMESPACE }, OrderSummary, "order_summary")
    await expect(sql("reader", `delete from ${table}`)).rejects.toMatchObject(denied)
  })

  it("nothing of that was refused", () => {
    expect(servers.nats.violations().filter((line) => !line.includes("STREAM.CREATE"))).toEqual([])
  })

  describe("nobody of them", () => {
    const forbidden = [
      ["purges the journal", "STREAM.PURGE.everstate-journal", {}],
      ["deletes the journal", "STREAM.DELETE.everstate-journal", {}],
      ["deletes a commit", "STREAM.MSG.DELETE.everstate-journal", { seq: 1 }],
      ["restores a journal", "STREAM.RESTORE.everstate-journal", {}],
      ["deletes the messages", "STREAM.DELETE.everstate-messages", {}],
      ["deletes the timers", "STREAM.DELETE.everstate-timers", {}],
      ["deletes the leases", "STREAM.DELETE.KV_everstate-cluster", {}],
      ["purges the leases", "STREAM.PURGE.KV_everstate-cluster", {}],
      ["lists streams", "STREAM.LIST", {}],
      ["makes another stream", "STREAM.CREATE.mine", { name: "mine", subjects: ["mine"] }],
    ] as const
    it.each(forbidden)("%s", async (_, api, body) => {
      for (const role of ["service", "creator", "client", "events"] as const) {
        await expect(servers.nats.call(role, api, body)).rejects.toThrow(/permissions violation/i)
      }
    })

    it("but the creator, who allows batches on it, changes settings of the journal", async () => {
      const change = { name: "everstate-journal" }
      for (const role of ["service", "client", "events"] as const) {
        const denied = servers.nats.call(role, "STREAM.UPDATE.everstate-journal", change)
        await expect(denied).rejects.toThrow(/permissions violation/i)
      }
    })

    it("but a node reads the journal", async () => {
      const read = { seq: 1 }
      const found = await servers.nats.call("service", "STREAM.MSG.GET.everstate-journal", read)
      expect(found).toHaveProperty("message.seq", 1)
      for (const role of ["client", "events"] as const) {
        const denied = servers.nats.call(role, "STREAM.MSG.GET.everstate-journal", read)
        await expect(denied).rejects.toThrow(/permissions violation/i)
      }
    })
  })
})

it("a journal of two streams is enough with the rights for two", async () => {
  const two = await restrictedServers(() => natsAccountsConf({ namespace: NAMESPACE, streams: 2 }))
  onTestFinished(() => two.stop())
  const definitions = { actors: [Order], projections: [OrderSummary], journal: { streams: 2 } }
  await prepare(two, definitions)
  const system = await startNode(two, "service", definitions)
  const { fulfilment: _, ...placement } = order
  const placed = await Promise.all(
    orders.map((id) => system.get(Order, id).ask({ ...placement, type: "Place" })),
  )
  await system.waitFor(OrderSummary, Math.max(...placed.map(({ sequence }) => sequence)))
  await system.stop()
  expect(two.nats.violations()).toEqual([])
})

it("calls were made by somebody", () => {
  expect(readFileSync(work.file, "utf8").trim().split("\n").length).toBeGreaterThanOrEqual(ERRAND_COUNT)
})
