/**
 * `open_fulfilments`: orders whose fulfilment has begun and whose events have not told its end yet.
 *
 * The table stays short: a row is added with the order and removed when the order is shipped or rejected. An
 * order that was cancelled or has expired keeps its row, because only the fulfilment itself knows when all is
 * undone; readers ask the fulfilment (SagaRoutes.ts). The fulfilment also has the current step; the table
 * does not.
 */
import { Order } from "../../../actors/order/Order.ts"
import { defineProjection, type EventsOf, type ProjectedEvent } from "../../effect.ts"

const CREATE_TABLE =
  "create table open_fulfilments (order_id text not null, placed_at bigint not null, primary key (order_id))"

const INSERT = `insert into open_fulfilments (order_id, placed_at)
select order_id, placed_at from unnest($1::text[], $2::bigint[]) as batch (order_id, placed_at)
on conflict do nothing`

const DELETE = "delete from open_fulfilments where order_id = any($1::text[])"

type Happened = ProjectedEvent<EventsOf<typeof Order>>

const begins = ({ event }: Happened): boolean => event.type === "OrderPlaced" && event.fulfilment !== null

const ends = ({ event }: Happened): boolean => event.type === "OrderShipped" || event.type === "OrderRejected"

export const OpenFulfilments = defineProjection({
  name: "open_fulfilments",
  version: 1,
  from: [Order],
  tables: [CREATE_TABLE],
  handle: async (events, sql) => {
    const begun = events.filter(begins)
    if (begun.length > 0) await sql.query(INSERT, [begun.map(({ id }) => id), begun.map(({ at }) => at)])
    const ended = events.filter(ends)
    if (ended.length > 0) await sql.query(DELETE, [ended.map(({ id }) => id)])
  },
})
