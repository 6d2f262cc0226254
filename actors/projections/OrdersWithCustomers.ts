/**
 * `orders_with_customers`: the summary of every order together with its customer, even if the customer
 * registers later.
 *
 * A stream-table join: events of orders meet the table of customers, and a customer who registers or changes
 * later changes the rows of all their orders. A batch is folded as in OrderSummary.ts and written by four
 * statements whose text never changes. After that the join is right for every order and customer in the
 * batch, in any order of the events.
 */
import { defineProjection, type EventsOf, type ProjectedEvent, type Sql } from "../../runtime/index.ts"
import { Customer } from "../customer/Customer.ts"
import { Order } from "../order/Order.ts"
import { foldOrderSummary, type OrderSummaryRow, orderSummaryColumns } from "./OrderSummary.ts"

const names = Object.keys(orderSummaryColumns)
const typed = Object.entries(orderSummaryColumns).map(([name, type]) => `${name} ${type}`)
const record = Object.entries(orderSummaryColumns).map(
  ([name, type]) => `${name} ${type.replace(" not null", "")}`,
)

/** The columns of `order_summary`, and two that are null for a customer who is not registered. */
const CREATE_ORDERS = `create table orders_with_customers (
  ${typed.join(",\n  ")},
  customer_name text,
  customer_email text,
  primary key (order_id)
)`

const CREATE_CUSTOMERS =
  "create table customers (customer_id text not null, name text, email text, primary key (customer_id))"

/** Finds the orders of a customer who changed. */
const CREATE_CUSTOMER_INDEX =
  "create index on orders_with_customers (customer_id, placed_at desc, order_id desc)"

/** Finds orders by the customer's e-mail address. */
const CREATE_EMAIL_INDEX =
  "create index on orders_with_customers (lower(customer_email)) where customer_email is not null"

const SELECT_ORDERS = `select ${names.join(", ")} from orders_with_customers where order_id = any($1::text[])`

const UPSERT_ORDERS = `insert into orders_with_customers (${names.join(", ")})
select ${names.join(", ")} from json_to_recordset($1::json) as batch(${record.join(", ")})
on conflict (order_id) do update set ${names.map((name) => `${name} = excluded.${name}`).join(", ")}`

/** Keeps the stored name if the batch has none. */
const UPSERT_CUSTOMERS = `insert into customers as stored (customer_id, name, email)
select customer_id, name, email from json_to_recordset($1::json) as batch(customer_id text, name text, email text)
on conflict (customer_id) do update set name = coalesce(excluded.name, stored.name), email = excluded.email`

const JOIN = `update orders_with_customers as orders set customer_name = customers.name, customer_email = customers.email
from customers
where customers.customer_id = orders.customer_id
  and (orders.order_id = any($1::text[]) or orders.customer_id = any($2::text[]))
  and (orders.customer_name, orders.customer_email) is distinct from (customers.name, customers.email)`

type OrderEvent = EventsOf<typeof Order>
type CustomerEvent = EventsOf<typeof Customer>
const foldOrders = async (events: ReadonlyArray<ProjectedEvent<OrderEvent>>, sql: Sql): Promise<void> => {
  const orderIds = [...new Set(events.map(({ id }) => id))]
  const { rows } = await sql.query(SELECT_ORDERS, [orderIds])
  const byId = new Map((rows as ReadonlyArray<OrderSummaryRow>).map((row) => [row.order_id, row]))
  for (const event of events) byId.set(event.id, foldOrderSummary(byId.get(event.id), event))
  await sql.query(UPSERT_ORDERS, [JSON.stringify([...byId.values()])])
}

const foldCustomers = async (
  events: ReadonlyArray<ProjectedEvent<CustomerEvent>>,
  sql: Sql,
): Promise<void> => {
  const latest = new Map<string, { customer_id: string; name: string | null; email: string }>()
  for (const { id, event } of events) {
    const name = event.type === "CustomerRegistered" ? event.name : (latest.get(id)?.name ?? null)
    latest.set(id, { customer_id: id, name, email: event.email })
  }
  await sql.query(UPSERT_CUSTOMERS, [JSON.stringify([...latest.values()])])
}

export const OrdersWithCustomers = defineProjection({
  name: "orders_with_customers",
  version: 1,
  from: [Order, Customer],
  tables: [CREATE_ORDERS, CREATE_CUSTOMERS, CREATE_CUSTOMER_INDEX, CREATE_EMAIL_INDEX],
  handle: async (events, sql) => {
    const orders = events.filter((event) => event.actorType === "order")
    const customers = events.filter((event) => event.actorType === "customer")
    if (orders.length > 0) await foldOrders(orders, sql)
    if (customers.length > 0) await foldCustomers(customers, sql)
    await sql.query(JOIN, [orders.map(({ id }) => id), customers.map(({ id }) => id)])
  },
})
