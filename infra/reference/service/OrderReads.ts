/**
 * The SQL of the Query API on the read models.
 *
 * Owns the statements, the cursors, and how rows become documents. The projections in actors/projections fill
 * the tables.
 */
import { Context, Effect, Layer, Schema } from "effect"
import { AuditLog } from "../../../actors/projections/AuditLog.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import { OrdersWithCustomers } from "../../../actors/projections/OrdersWithCustomers.ts"
import type { HistoryItem } from "../../gateway/ActorApi.ts"
import { InvalidCursor } from "../../http/InvalidCursor.ts"
import { isoTime } from "../../http/IsoTime.ts"
import type { PostgresError } from "../../postgres/PostgresErrors.ts"
import { PostgresPool } from "../../postgres/PostgresPool.ts"
import { readModelTable } from "../../postgres/ReadModelTables.ts"
import type { FoundOrder, OrderListItem } from "./OrderDocuments.ts"

export interface Page<Item> {
  readonly items: ReadonlyArray<Item>
  readonly next?: string
}

export interface OrdersOfCustomer {
  readonly customerId: string
  readonly status?: string
  readonly cursor?: string
  readonly limit: number
}

export interface AuditOfOrder {
  readonly orderId: string
  readonly cursor?: string
  readonly limit: number
}

export class OrderReads extends Context.Service<
  OrderReads,
  {
    readonly ordersOf: (
      wanted: OrdersOfCustomer,
    ) => Effect.Effect<Page<OrderListItem>, PostgresError | InvalidCursor>
    readonly ordersByEmail: (wanted: {
      readonly email: string
      readonly cursor?: string
      readonly limit: number
    }) => Effect.Effect<Page<FoundOrder>, PostgresError | InvalidCursor>
    readonly auditOf: (
      wanted: AuditOfOrder,
    ) => Effect.Effect<Page<HistoryItem>, PostgresError | InvalidCursor>
  }
>()("everstate/orders/OrderReads") {
  static readonly layer = (namespace: string): Layer.Layer<OrderReads, never, PostgresPool> =>
    Layer.effect(OrderReads, makeOrderReads(namespace))
}

type Row = Record<string, unknown>

const makeOrderReads = Effect.fnUntraced(function* (namespace: string) {
  const pool = yield* PostgresPool
  const place = { schema: pool.schema, namespace }
  const summary = readModelTable(place, OrderSummary, "order_summary")
  const joined = readModelTable(place, OrdersWithCustomers, "orders_with_customers")
  const audit = readModelTable(place, AuditLog, "audit_log")

  // Two statements, not one with an optional filter, because each has an index of its own.
  const selectOrders = (
    filter: string,
  ) => `select order_id, status, currency, total_minor, line_count, placed_at,
      updated_at, version
    from ${summary}
    where customer_id = $1 ${filter} and (placed_at, order_id) < ($2, $3)
    order by placed_at desc, order_id desc
    limit $4`
  const orders = { name: "orders-of-customer", text: selectOrders("") }
  const ordersInStatus = { name: "orders-of-customer-in-status", text: selectOrders("and status = $5") }
  const ordersByEmail = {
    name: "orders-by-email",
    text: `select order_id, status, currency, total_minor, line_count, placed_at, updated_at, version,
        customer_id, customer_name
      from ${joined}
      where lower(customer_email) = lower($1) and (placed_at, order_id) < ($2, $3)
      order by placed_at desc, order_id desc
      limit $4`,
  }
  const auditOfOrder = {
    name: "audit-of-order",
    text: `select version, sequence, at, event_type, payload, command_id, user_name, correlation_id, trace
      from ${audit} where order_id = $1 and version > $2 order by version limit $3`,
  }

  return OrderReads.of({
    ordersOf: Effect.fnUntraced(function* ({ customerId, status, cursor, limit }) {
      const [placedAt, orderId] = cursor === undefined ? NEWEST : yield* readCursor(OrdersCursor, cursor)
      const values = [customerId, placedAt, orderId, limit + 1]
      const { rows } = yield* pool.query(
        status === undefined ? { ...orders, values } : { ...ordersInStatus, values: [...values, status] },
      )
      return page(rows, limit, orderListItem, placeOfOrder)
    }),
    ordersByEmail: Effect.fnUntraced(function* ({ email, cursor, limit }) {
      const [placedAt, orderId] = cursor === undefined ? NEWEST : yield* readCursor(OrdersCursor, cursor)
      const { rows } = yield* pool.query({ ...ordersByEmail, values: [email, placedAt, orderId, limit + 1] })
      return page(rows, limit, foundOrder, placeOfOrder)
    }),
    auditOf: Effect.fnUntraced(function* ({ orderId, cursor, limit }) {
      const [after] = cursor === undefined ? [0] : yield* readCursor(AuditCursor, cursor)
      const { rows } = yield* pool.query({ ...auditOfOrder, values: [orderId, after, limit + 1] })
      return page(rows, limit, auditedEvent, (row) => [Number(row["version"])])
    }),
  })
})

/** Cursor before every row: the largest bigint. */
const NEWEST = ["9223372036854775807", ""] as const

/** Postgres takes no U+0000, and no id has one. */
const CursorText = Schema.String.check(Schema.isPattern(/^[^\0]*$/))

const OrdersCursor = Schema.Tuple([Schema.Int, CursorText])
const AuditCursor = Schema.Tuple([Schema.Int])

const writeCursor = (position: ReadonlyArray<unknown>): string =>
  Buffer.from(JSON.stringify(position)).toString("base64url")

const readCursor = <A>(schema: Schema.Codec<A, unknown>, cursor: string): Effect.Effect<A, InvalidCursor> =>
  Effect.try({
    try: () => Schema.decodeUnknownSync(schema)(JSON.parse(Buffer.from(cursor, "base64url").toString())),
    catch: () => new InvalidCursor({ hint: "Give `next` of the previous page, unchanged." }),
  })

/** A page. The statement reads one row more than asked for: that row says whether there is a next page. */
const page = <Item>(
  rows: ReadonlyArray<Row>,
  limit: number,
  itemOf: (row: Row) => Item,
  positionOf: (row: Row) => ReadonlyArray<unknown>,
): Page<Item> => {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const next = rows.length > limit && last !== undefined ? { next: writeCursor(positionOf(last)) } : {}
  return { items: items.map(itemOf), ...next }
}

// The driver gives bigint columns as text.
const orderListItem = (row: Row): OrderListItem => ({
  orderId: String(row["order_id"]),
  status: row["status"] as OrderListItem["status"],
  total: { minor: Number(row["total_minor"]), currency: String(row["currency"]) },
  lineCount: Number(row["line_count"]),
  placedAt: isoTime(Number(row["placed_at"])),
  updatedAt: isoTime(Number(row["updated_at"])),
  version: Number(row["version"]),
})

const placeOfOrder = (row: Row) => [Number(row["placed_at"]), row["order_id"]]

const foundOrder = (row: Row): FoundOrder => ({
  ...orderListItem(row),
  customerId: String(row["customer_id"]),
  customerName: String(row["customer_name"]),
})

const auditedEvent = (row: Row): HistoryItem => ({
  version: Number(row["version"]),
  sequence: Number(row["sequence"]),
  at: isoTime(Number(row["at"])),
  type: String(row["event_type"]),
  data: row["payload"] as HistoryItem["data"],
  commandId: String(row["command_id"]),
  ...optional("user", row["user_name"]),
  ...optional("correlationId", row["correlation_id"]),
  ...optional("trace", row["trace"]),
})

const optional = (name: string, value: unknown) => (value === null ? {} : { [name]: String(value) })
