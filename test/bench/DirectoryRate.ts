/**
 * Commits a second into the directory, against the bare upsert of as many rows; the same with the index of correlations.
 * The CPU of this process for each commit is in the note.
 */
import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import { Order } from "../../actors/order/Order.ts"
import { ActorSystem } from "../../infra/everstate.ts"
import { addressOf } from "../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../runtime/commit/Commit.ts"
import { ActorsTable } from "../../runtime/directory/ActorsTable.ts"
import { CORRELATION_TABLE_NAME } from "../../runtime/directory/CorrelationTable.ts"
import { PROJECTION_BATCH_EVENTS_MAX } from "../../runtime/projection/ProjectionPartition.ts"
import { SYSTEM_DEFAULTS } from "../../runtime/system/SystemSettings.ts"
import { median, rowOf } from "./Measure.ts"
import { openRawJournal, type RawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"

const ACTOR_COUNT = 20_000
const NAMESPACE = "everstate"
const ROUND_COUNT = 3

/** The life of each actor, one commit a state. */
const states = ["placed", "paid", "{fulfilling:packed}"]
const COMMIT_COUNT = ACTOR_COUNT * states.length

const payload = { customerId: "customer-1077", currency: "KRW", amount: { minor: 122_000, currency: "KRW" } }

/** First every actor's first commit, then every second one: no batch touches a row twice. */
const fillJournal = async (raw: RawJournal): Promise<void> => {
  const subjects = Array.from({ length: ACTOR_COUNT }, (_, index) =>
    raw.subjectOf(addressOf(Order.type, `order-${index}`, SYSTEM_DEFAULTS.shardCount)),
  )
  let lasts: ReadonlyArray<number> = []
  const at = Date.now()
  for (const [step, s] of states.entries()) {
    lasts = await raw.fill(ACTOR_COUNT, (index) => {
      const event = { t: "OrderChanged", v: 1, d: payload }
      const entry = JSON.stringify({ c: `command-${index}-${step}`, fp: "00112233aabbccdd", ev: [event] })
      const header = { format: 2, first: step + 1, at, epoch: 1, era: 2 ** 48 + 7, w: 1, s } as const
      return {
        subject: subjects[index] ?? "",
        after: lasts[index] ?? 0,
        data: encodeCommit(header, [entry]),
      }
    })
  }
}

interface Measured {
  readonly perSecond: number
  /** CPU of this process for each commit, in microseconds. */
  readonly cpuUs: number
}

type Servers = { readonly nats: string; readonly postgres: string }

/** A system that has never seen the journal fills its directory from the start. */
const fillDirectory = async (servers: Servers, correlationsKeptMs: number): Promise<Measured> => {
  const system = await ActorSystem.start({
    ...servers,
    actors: [Order],
    directory: { correlationsKeptMs },
  })
  const offset = async () =>
    Math.min(...(await system.status()).projections.map((one) => one.offset), Number.MAX_SAFE_INTEGER)
  let from = 0
  while (from === 0) {
    await sleep(1)
    from = await offset()
  }
  const [startMs, cpu] = [performance.now(), process.cpuUsage()]
  while ((await offset()) < COMMIT_COUNT) await sleep(5)
  const { user, system: inKernel } = process.cpuUsage(cpu)
  const perSecond = ((COMMIT_COUNT - from) / (performance.now() - startMs)) * 1_000
  await system.stop()
  return { perSecond, cpuUs: (user + inKernel) / (COMMIT_COUNT - from) }
}

/** Makes the directory forget what it has read, with its tables. */
const forget = async (client: pg.Client): Promise<void> => {
  const { rows } = await client.query<{ tables_in: string }>(
    "select distinct tables_in from everstate.projections where name = any($1)",
    [[ActorsTable.name, CORRELATION_TABLE_NAME]],
  )
  for (const { tables_in } of rows) await client.query(`drop schema if exists "${tables_in}" cascade`)
  await client.query("delete from everstate.projections where name = any($1)", [
    [ActorsTable.name, CORRELATION_TABLE_NAME],
  ])
}

/** The rows of the directory, written by one upsert a batch and transaction. */
const upsertAll = async (client: pg.Client, table: string): Promise<number> => {
  const { rows } = await client.query<Record<string, unknown>>(`select * from ${table} order by sequence`)
  const batches: Array<string> = []
  for (let at = 0; at < rows.length; at += PROJECTION_BATCH_EVENTS_MAX) {
    batches.push(JSON.stringify(rows.slice(at, at + PROJECTION_BATCH_EVENTS_MAX)))
  }
  const { form } = ActorsTable
  if (form.kind !== "fold") throw new Error("the directory is a fold")
  const names = Object.keys(form.table.columns)
  const others = names.filter((name) => !form.table.primaryKey.includes(name))
  const text = `insert into ${table} select r.* from json_populate_recordset(null::${table}, $1::json) as r
    on conflict (type, id) do update set ${others.map((name) => `"${name}" = excluded."${name}"`).join(", ")}`
  await client.query(`truncate ${table}`)
  const startMs = performance.now()
  for (const _ of states) {
    for (const batch of batches) {
      await client.query("begin")
      await client.query({ name: "directory-upsert", text, values: [batch] })
      await client.query("commit")
    }
  }
  return (COMMIT_COUNT / (performance.now() - startMs)) * 1_000
}

export const directoryRate: Bench = {
  name: "directory",
  rows: ["directory", "directory.correlations"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres } = await stage.servers()
    const servers = { nats, postgres }
    const creator = await ActorSystem.start({ ...servers, actors: [Order] })
    const table = creator.tableOf(ActorsTable)
    await creator.stop()
    const raw = await openRawJournal(nats, NAMESPACE)
    stage.say(`directory: writing ${COMMIT_COUNT} commits`)
    await fillJournal(raw)
    await raw.close()
    const client = new pg.Client(postgres)
    await client.connect()
    const alone: Array<Measured> = []
    const both: Array<Measured> = []
    const upserted: Array<number> = []
    for (let round = 0; round <= ROUND_COUNT; round++) {
      await forget(client)
      const filled = await fillDirectory(servers, 0)
      const bare = await upsertAll(client, table)
      await forget(client)
      const indexed = await fillDirectory(servers, 7 * 24 * 3_600_000)
      if (round === 0) continue // warms up
      alone.push(filled)
      upserted.push(bare)
      both.push(indexed)
    }
    await client.end()
    const rateOf = (all: ReadonlyArray<Measured>) => median(all.map(({ perSecond }) => perSecond))
    const cpuOf = (all: ReadonlyArray<Measured>) => median(all.map(({ cpuUs }) => cpuUs)).toFixed(1)
    const about = `${COMMIT_COUNT} commits of ${ACTOR_COUNT} actors`
    return [
      rowOf("directory", rateOf(alone), "commits/s", median(upserted), {
        target: { of: "ratio", op: ">=", limit: 0.4 },
        note: `${about}, ${cpuOf(alone)} µs of CPU in this process for each; ceiling: bare upsert`,
      }),
      rowOf("directory.correlations", rateOf(both), "commits/s", median(upserted), {
        note: `the same with the index of correlations, ${cpuOf(both)} µs of CPU in this process for each commit`,
      }),
    ]
  },
}
