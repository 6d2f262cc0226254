/** Events a second into order_summary, against the bare upsert of as many rows in batches of the same size. */
import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import { Order } from "../../actors/order/Order.ts"
import { OrderSummary } from "../../actors/projections/OrderSummary.ts"
import { ActorSystem, type ProjectionDefinition } from "../../infra/everstate.ts"
import { foldStatements } from "../../infra/postgres/ReadModelTables.ts"
import { addressOf } from "../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../runtime/commit/Commit.ts"
import { PROJECTION_BATCH_EVENTS_MAX } from "../../runtime/projection/ProjectionPartition.ts"
import { SYSTEM_DEFAULTS } from "../../runtime/system/SystemSettings.ts"
import { median, rowOf } from "./Measure.ts"
import { openRawJournal, type RawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"

const ORDER_COUNT = 20_000
const NAMESPACE = "everstate"

const ROUND_COUNT = 5

const lines = [
  { sku: "lamp-brass-40", quantity: 2, unitPriceMinor: 48_000 },
  { sku: "bulb-e27-warm", quantity: 4, unitPriceMinor: 6_500 },
]
const currency = "KRW"

/** The life of each order in the journal, one commit an event. */
const story = [
  { t: "OrderPlaced", v: 3, d: { customerId: "customer-1077", currency, lines, fulfilment: null } },
  { t: "OrderPaid", v: 1, d: { amount: { minor: 122_000, currency }, paymentId: "pay_01J9ZK4M7Q8R5T" } },
  { t: "OrderShipped", v: 1, d: { carrier: "Hanjin", trackingNumber: "HJ-5501-8842-19" } },
]
const EVENT_COUNT = ORDER_COUNT * story.length

const idOf = (index: number): string => `order-${index}`

/** First every order's first event, then every second one: no batch touches a row twice, so nothing is folded away. */
const fillOrders = async (raw: RawJournal): Promise<void> => {
  const subjects = Array.from({ length: ORDER_COUNT }, (_, index) =>
    raw.subjectOf(addressOf(Order.type, idOf(index), SYSTEM_DEFAULTS.shardCount)),
  )
  let lasts: ReadonlyArray<number> = []
  for (const [step, stored] of story.entries()) {
    const entry = JSON.stringify({ c: `command-${step}`, fp: "00112233aabbccdd", ev: [stored] })
    const data = encodeCommit({ first: step + 1, at: 1_763_640_000_000 + step, epoch: 1 }, [entry])
    lasts = await raw.fill(ORDER_COUNT, (index) => ({
      subject: subjects[index] ?? "",
      after: lasts[index] ?? 0,
      data,
    }))
  }
}

/** A new version fills tables of its own from the start of the journal. */
const projectAll = async (
  servers: { readonly nats: string; readonly postgres: string },
  version: number,
  last: number,
): Promise<number> => {
  const projection: ProjectionDefinition = { ...OrderSummary, version }
  const system = await ActorSystem.start({
    directory: false,
    ...servers,
    actors: [Order],
    projections: [projection],
  })
  const offset = async () => (await system.status()).projections[0]?.offset ?? 0
  while ((await offset()) === 0) await sleep(1)
  const [from, startMs] = [await offset(), performance.now()]
  await system.waitFor(projection, last, { deadlineMs: 120_000 })
  const perSecond = ((last - from) / (performance.now() - startMs)) * 1000
  await system.stop()
  return perSecond
}

/** The same number of row writes by the same statement, prepared rows, one transaction a batch. */
const upsertAll = async (client: pg.Client, version: number): Promise<number> => {
  const projection: ProjectionDefinition = { ...OrderSummary, version }
  if (projection.form.kind !== "fold") throw new Error("order_summary is a fold")
  const place = { schema: "everstate", namespace: NAMESPACE }
  const { upsert, select, columns } = foldStatements(place, projection, projection.form)
  const table = /join (\S+) as stored/.exec(select.text)?.[1] ?? ""
  const { rows } = await client.query<Record<string, unknown>>(
    `select ${columns.join(", ")} from ${table} order by placed_at, order_id limit ${ORDER_COUNT}`,
  )
  const batches: Array<string> = []
  for (let at = 0; at < rows.length; at += PROJECTION_BATCH_EVENTS_MAX) {
    batches.push(JSON.stringify(rows.slice(at, at + PROJECTION_BATCH_EVENTS_MAX)))
  }
  await client.query(`truncate ${table}`)
  const startMs = performance.now()
  for (const _ of story) {
    for (const batch of batches) {
      await client.query("begin")
      await client.query({ ...upsert, values: [batch] })
      await client.query("commit")
    }
  }
  return (EVENT_COUNT / (performance.now() - startMs)) * 1000
}

export const projectionRate: Bench = {
  name: "projection",
  rows: ["projection"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres } = await stage.servers()
    const creator = await ActorSystem.start({ directory: false, nats, postgres, actors: [Order] })
    await creator.stop()
    const raw = await openRawJournal(nats, NAMESPACE)
    stage.say(`projection: writing ${EVENT_COUNT} events`)
    await fillOrders(raw)
    await raw.close()
    const client = new pg.Client(postgres)
    await client.connect()
    const projected: Array<number> = []
    const upserted: Array<number> = []
    for (let round = 0; round <= ROUND_COUNT; round++) {
      const projectedPerSecond = await projectAll({ nats, postgres }, round + 1, EVENT_COUNT)
      const upsertedPerSecond = await upsertAll(client, round + 1)
      if (round === 0) continue // warms up
      projected.push(projectedPerSecond)
      upserted.push(upsertedPerSecond)
    }
    await client.end()
    return [
      rowOf("projection", median(projected), "events/s", median(upserted), {
        target: { of: "ratio", op: ">=", limit: 0.4 },
        note: `order_summary, ${EVENT_COUNT} events, no row twice in a batch of ${PROJECTION_BATCH_EVENTS_MAX}; ceiling: bare upsert`,
      }),
    ]
  },
}
