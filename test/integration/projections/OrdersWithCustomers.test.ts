/** The stream-table join of orders and customers on a real Postgres, batch by batch. */
import { Effect } from "effect"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { CustomerEvent } from "../../../actors/customer/CustomerEvents.ts"
import type { OrderEvent } from "../../../actors/order/OrderEvents.ts"
import { foldOrderSummary, type OrderSummaryRow } from "../../../actors/projections/OrderSummary.ts"
import { OrdersWithCustomers } from "../../../actors/projections/OrdersWithCustomers.ts"
import { PostgresPool } from "../../../infra/postgres/PostgresPool.ts"
import { makeReadModelPostgres } from "../../../infra/postgres/ReadModelPostgres.ts"
import { readModelTable } from "../../../infra/postgres/ReadModelTables.ts"
import type { ProjectedEvent } from "../../../runtime/index.ts"
import {
  cancelled,
  confirmed,
  placed,
  placedToFulfil,
  rejected,
  total,
} from "../../unit/actors/order/OrderStory.ts"
import { postgresForFile } from "../postgres/PostgresFixture.ts"

const postgres = postgresForFile()
const namespace = "shop"

type Told = ProjectedEvent<OrderEvent | CustomerEvent>

interface Teller {
  /** One batch, in one transaction. */
  readonly tell: (...events: ReadonlyArray<Told>) => Promise<void>
  readonly rows: () => Promise<ReadonlyArray<Record<string, unknown>>>
}

/** Runs `body` on tables of its own. */
const onTables = (body: (teller: Teller) => Promise<void>): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const pool = yield* PostgresPool
      const readModel = yield* makeReadModelPostgres({ namespace })
      yield* readModel.prepare(OrdersWithCustomers, 0)
      const table = readModelTable(
        { schema: pool.schema, namespace },
        OrdersWithCustomers,
        "orders_with_customers",
      )
      let offset = 0
      yield* Effect.promise(() =>
        body({
          tell: (...events) =>
            Effect.runPromise(
              readModel.apply(OrdersWithCustomers, {
                partition: 0,
                events,
                deadLetters: [],
                from: offset,
                to: ++offset,
              }),
            ),
          rows: () =>
            Effect.runPromise(
              Effect.map(
                pool.query({ text: `select * from ${table} order by order_id` }),
                ({ rows }) => rows,
              ),
            ),
        }),
      )
    }).pipe(Effect.scoped, Effect.provide(postgres.layer())),
  )

let sequence = 0
const told = (actorType: string, id: string, version: number, event: OrderEvent | CustomerEvent): Told => ({
  actorType,
  id,
  version,
  sequence: ++sequence,
  at: 1_000 * version,
  commandId: `c-${sequence}`,
  metadata: {},
  event,
})

const order = (id: string, version: number, event: OrderEvent) => told("order", id, version, event)
const customer = (id: string, version: number, event: CustomerEvent) => told("customer", id, version, event)

const registered = (name: string, email: string): CustomerEvent => ({
  type: "CustomerRegistered",
  name,
  email,
})
const changed = (email: string): CustomerEvent => ({ type: "EmailChanged", email })
const nuri = { customer_name: "김누리", customer_email: "nuri@example.com" }

test("joins a customer who was there before the order", () =>
  onTables(async ({ tell, rows }) => {
    await tell(customer("c-7", 1, registered(nuri.customer_name, nuri.customer_email)))
    await tell(order("o-1", 1, placed))
    expect(await rows()).toMatchObject([
      { order_id: "o-1", status: "placed", total_minor: String(total.minor), ...nuri },
    ])
  }))

test("joins a customer who registers later, in the orders of that customer and no other", () =>
  onTables(async ({ tell, rows }) => {
    await tell(order("o-1", 1, placed), order("o-2", 1, { ...placedToFulfil, customerId: "c-8" }))
    expect(await rows()).toMatchObject([{ customer_name: null }, { customer_email: null }])
    await tell(customer("c-7", 1, registered(nuri.customer_name, nuri.customer_email)))
    expect(await rows()).toMatchObject([nuri, { customer_name: null, customer_email: null }])
  }))

test("changes every row of a customer who changes, and keeps what did not change", () =>
  onTables(async ({ tell, rows }) => {
    await tell(
      order("o-1", 1, placed),
      customer("c-7", 1, registered(nuri.customer_name, nuri.customer_email)),
      order("o-2", 1, placedToFulfil),
    )
    await tell(customer("c-7", 2, changed("a@example.com")), customer("c-7", 3, changed("b@example.com")))
    await tell(order("o-2", 2, confirmed))
    const now = { ...nuri, customer_email: "b@example.com" }
    expect(await rows()).toMatchObject([
      { order_id: "o-1", status: "placed", ...now },
      { order_id: "o-2", status: "confirmed", version: 2, ...now },
    ])
  }))

test("registers and changes a customer within one batch", () =>
  onTables(async ({ tell, rows }) => {
    await tell(
      customer("c-7", 1, registered(nuri.customer_name, nuri.customer_email)),
      customer("c-7", 2, changed("a@example.com")),
      order("o-1", 1, placed),
    )
    expect(await rows()).toMatchObject([{ ...nuri, customer_email: "a@example.com" }])
  }))

test("comes to the same rows however the events are cut into batches", async () => {
  const story: ReadonlyArray<Told> = [
    order("o-1", 1, placed),
    order("o-2", 1, { ...placedToFulfil, customerId: "c-8" }),
    customer("c-8", 1, registered("Mira", "mira@example.com")),
    order("o-3", 1, { ...placed, customerId: "c-8" }),
    order("o-2", 2, rejected),
    customer("c-7", 1, registered(nuri.customer_name, nuri.customer_email)),
    customer("c-8", 2, changed("mira@example.org")),
    order("o-1", 2, cancelled),
    order("o-4", 1, { ...placed, customerId: "c-9" }),
  ]
  const byHand = new Map<string, OrderSummaryRow>()
  for (const each of story) {
    if (each.actorType !== "order") continue
    byHand.set(each.id, foldOrderSummary(byHand.get(each.id), each as ProjectedEvent<OrderEvent>))
  }
  const contact = {
    "c-7": nuri,
    "c-8": { customer_name: "Mira", customer_email: "mira@example.org" },
    "c-9": { customer_name: null, customer_email: null },
  }
  const asText = (row: object) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]),
    )
  const expected = [...byHand.values()].map((row) =>
    asText({ ...row, ...contact[row.customer_id as keyof typeof contact] }),
  )

  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: story.length, maxLength: story.length }), (cuts) =>
      onTables(async ({ tell, rows }) => {
        let batch: Array<Told> = []
        for (const [index, event] of story.entries()) {
          batch.push(event)
          if (cuts[index] !== true) continue
          await tell(...batch)
          batch = []
        }
        await tell(...batch)
        expect((await rows()).map(asText)).toEqual(expected)
      }),
    ),
    { numRuns: 12 },
  )
})
