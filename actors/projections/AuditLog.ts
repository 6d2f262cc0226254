/**
 * `audit_log`: every event of every order with its origin, its time and its business transaction. Rows are
 * only ever added.
 *
 * It has SQL of its own: a batch of any size is one statement whose text never changes, so the database plans
 * it once. The present state of an order: OrderSummary.ts.
 */
import { defineProjection } from "../../runtime/index.ts"
import { Order } from "../order/Order.ts"

/** `at` is the commit's time in Unix milliseconds; `payload` is the event in its current form, without its type. */
const CREATE_TABLE = `create table audit_log (
  order_id text not null,
  version integer not null,
  at bigint not null,
  user_name text,
  correlation_id text,
  causation_id text,
  trace text,
  command_id text not null,
  event_type text not null,
  payload jsonb not null,
  sequence bigint not null,
  primary key (order_id, version)
)`

/** Finds the events of one business transaction across orders. */
const CREATE_CORRELATION_INDEX =
  "create index on audit_log (correlation_id, sequence) where correlation_id is not null"

const INSERT = `insert into audit_log (order_id, version, at, user_name, correlation_id, causation_id, trace, command_id,
  event_type, payload, sequence)
select order_id, version, at, user_name, correlation_id, causation_id, trace, command_id, event_type, payload::jsonb,
  sequence
from unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::text[], $10::text[], $11::bigint[])
  as batch (order_id, version, at, user_name, correlation_id, causation_id, trace, command_id, event_type, payload,
    sequence)
on conflict do nothing`

export const AuditLog = defineProjection({
  name: "audit_log",
  version: 1,
  from: [Order],
  tables: [CREATE_TABLE, CREATE_CORRELATION_INDEX],
  handle: async (events, sql) => {
    if (events.length === 0) return
    await sql.query(INSERT, [
      events.map(({ id }) => id),
      events.map(({ version }) => version),
      events.map(({ at }) => at),
      events.map(({ metadata }) => metadata.user ?? null),
      events.map(({ metadata }) => metadata.correlationId ?? null),
      events.map(({ metadata }) => metadata.causationId ?? null),
      events.map(({ metadata }) => metadata.trace ?? null),
      events.map(({ commandId }) => commandId),
      events.map(({ event }) => event.type),
      events.map(({ event: { type: _type, ...payload } }) => JSON.stringify(payload)),
      events.map(({ sequence }) => sequence),
    ])
  },
})
