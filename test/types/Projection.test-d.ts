/** What TypeScript knows inside a projection. Checked, never run. */
import { expectTypeOf } from "vitest"
import { Order } from "../../actors/order/Order.ts"
import { OrderSummary, type OrderSummaryRow } from "../../actors/projections/OrderSummary.ts"
import {
  defineProjection,
  type EventsOf,
  type ProjectionDefinition,
  type RowOf,
} from "../../runtime/index.ts"
import { Counter } from "../fixtures/memory/Counter.ts"
import { Trip } from "../unit/saga/Trip.ts"

expectTypeOf<OrderSummaryRow["total_minor"]>().toEqualTypeOf<number>()
expectTypeOf<OrderSummaryRow["carrier"]>().toEqualTypeOf<string | null>()

// A projection remembers its row, and is one among others all the same.
expectTypeOf<RowOf<typeof OrderSummary>>().toEqualTypeOf<OrderSummaryRow>()
export const projections: ReadonlyArray<ProjectionDefinition> = [OrderSummary]

const columns = {
  order_id: "text not null",
  seen: "integer not null",
  last: "jsonb",
  open: "boolean",
} as const

defineProjection({
  name: "seen",
  version: 1,
  from: [Order],
  table: { name: "seen", columns, primaryKey: ["order_id"] },
  key: ({ id, event }) => {
    expectTypeOf(event).toEqualTypeOf<EventsOf<typeof Order>>()
    return { order_id: id }
  },
  fold: (row, { id, event, at }) => {
    expectTypeOf(at).toEqualTypeOf<number>()
    expectTypeOf(row?.seen).toEqualTypeOf<number | undefined>()
    expectTypeOf(row?.open).toEqualTypeOf<boolean | null | undefined>()
    if (event.type === "OrderPaid") expectTypeOf(event.amount.minor).toEqualTypeOf<number>()
    // @ts-expect-error the order has no such event
    if (event.type === "OrderLost") return undefined
    // @ts-expect-error the row has no such column
    row?.colour
    return { order_id: id, seen: (row?.seen ?? 0) + 1, last: event, open: null }
  },
})

defineProjection({
  name: "seen",
  version: 1,
  from: [Order],
  // @ts-expect-error no such column type
  table: { name: "seen", columns: { order_id: "varchar not null" }, primaryKey: ["order_id"] },
  // @ts-expect-error and so nothing is known of its value
  key: ({ id }) => ({ order_id: id }),
  fold: (row) => row,
})

defineProjection({
  name: "seen",
  version: 1,
  from: [Order],
  // @ts-expect-error no such column to be the key
  table: { name: "seen", columns, primaryKey: ["colour"] },
  // @ts-expect-error and so no key fits
  key: ({ id }) => ({ order_id: id }),
  fold: (row) => row,
})

defineProjection({
  name: "seen",
  version: 1,
  from: [Order],
  table: { name: "seen", columns, primaryKey: ["order_id"] },
  // @ts-expect-error the key is of the wrong type
  key: ({ version }) => ({ order_id: version }),
  fold: (row) => row,
})

defineProjection({
  name: "seen",
  version: 1,
  from: [Order],
  table: { name: "seen", columns, primaryKey: ["order_id"] },
  key: ({ id }) => ({ order_id: id }),
  // @ts-expect-error columns are missing
  fold: (_row, { id }) => ({ order_id: id, seen: 1 }),
})

const BySql = defineProjection({
  name: "seen",
  version: 1,
  from: [Order],
  tables: ["create table seen (id text primary key)"],
  handle: async (events, sql) => {
    for (const { id, event } of events) {
      expectTypeOf(event).toEqualTypeOf<EventsOf<typeof Order>>()
      await sql.query("insert into seen values ($1) on conflict do nothing", [id])
    }
  },
})
expectTypeOf<RowOf<typeof BySql>>().toEqualTypeOf<{ readonly [column: string]: unknown }>()

// Events of several actor types are told apart by the type of their actor.
defineProjection({
  name: "joined",
  version: 1,
  from: [Order, Counter, Trip],
  table: { name: "joined", columns: { id: "text not null" }, primaryKey: ["id"] },
  key: ({ id, actorType }) => {
    expectTypeOf(actorType).toEqualTypeOf<"order" | "counter" | "trip">()
    return { id }
  },
  fold: (row, { actorType, event }) => {
    if (actorType === "order") expectTypeOf(event).toEqualTypeOf<EventsOf<typeof Order>>()
    if (actorType === "counter") expectTypeOf(event).toEqualTypeOf<EventsOf<typeof Counter>>()
    if (actorType === "trip") expectTypeOf(event).toEqualTypeOf<EventsOf<typeof Trip.actor>>()
    // @ts-expect-error no such type is read
    if (actorType === "customer") return undefined
    return row
  },
})
