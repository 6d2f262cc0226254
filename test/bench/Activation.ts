/** Bringing one actor into memory by its snapshot: with 100 actors in the journal, and with 500,000. */
import pg from "pg"
import { ActorSystem } from "../../infra/everstate.ts"
import type { ActorAddress } from "../../runtime/address/ActorAddress.ts"
import { unborn } from "../../runtime/cell/Fold.ts"
import { encodeSnapshot } from "../../runtime/cell/Snapshot.ts"
import { Account, accountAddress, paidCommit } from "./Account.ts"
import { quantile, rowOf } from "./Measure.ts"
import { openRawJournal } from "./RawJournal.ts"
import type { Bench, Stage } from "./Stage.ts"

const FEW = 100
const MANY = 500_000

/** Of the many, those that have a snapshot and are activated. */
const SAMPLE_COUNT = 5_000

/** Activations of one side before it is the other's turn. */
const TURN_COUNT = 50

interface Population {
  readonly system: ActorSystem
  readonly ids: ReadonlyArray<string>
  readonly actorCount: number
}

/** A journal of `actorCount` accounts, with snapshots of an even sample, and a system that keeps one in memory. */
const populate = async (
  stage: Stage,
  { nats, postgres }: { readonly nats: string; readonly postgres: string },
  actorCount: number,
): Promise<Population> => {
  const namespace = `actors-${actorCount}`
  const system = await ActorSystem.start({
    directory: false,
    nats,
    postgres,
    namespace,
    actors: [Account],
    residentMax: 1,
  })
  const raw = await openRawJournal(nats, namespace)
  stage.say(`activation: filling a journal with ${actorCount} actors`)
  const addresses = Array.from({ length: actorCount }, (_, index) => accountAddress(`account-${index}`))
  const data = paidCommit(1)
  const sequences = await raw.fill(actorCount, (index) => {
    return { subject: raw.subjectOf(addresses[index] as ActorAddress), data }
  })
  await raw.close()

  const every = Math.max(1, Math.floor(actorCount / SAMPLE_COUNT))
  const sample = addresses
    .map((address, index) => ({ address, sequence: sequences[index] ?? 0 }))
    .filter((_, index) => index % every === 0)
  const rows = sample.map(({ address, sequence }) =>
    encodeSnapshot(Account, address, { ...unborn(Account, address.id), version: 1, sequence }),
  )
  const client = new pg.Client(postgres)
  await client.connect()
  await client.query(
    `insert into everstate.snapshots (namespace, key, version, sequence, codec, state)
     select $1, r.* from json_to_recordset($2::json)
       as r(key text, version bigint, sequence bigint, codec text, state text)`,
    [namespace, JSON.stringify(rows)],
  )
  await client.query("analyze everstate.snapshots")
  await client.end()
  return { system, ids: sample.map(({ address }) => address.id), actorCount }
}

export const activation: Bench = {
  name: "activation",
  rows: ["activation"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres } = await stage.servers()
    const few = await populate(stage, { nats, postgres }, FEW)
    const many = await populate(stage, { nats, postgres }, MANY)
    const samples = new Map<Population, Array<number>>([
      [few, []],
      [many, []],
    ])
    const positions = new Map<Population, number>()
    const turn = async (population: Population, keep: boolean): Promise<void> => {
      for (let count = 0; count < TURN_COUNT; count++) {
        const position = positions.get(population) ?? 0
        positions.set(population, position + 1)
        // A stride that shares no factor with the number of ids: neighbours are far apart.
        const id = population.ids[(position * 1_009) % population.ids.length] ?? ""
        const startMs = performance.now()
        const { version } = await population.system.get(Account, id).state()
        if (version !== 1) throw new Error(`${id} came back at version ${version}`)
        if (keep) samples.get(population)?.push((performance.now() - startMs) * 1000)
      }
    }
    for (let count = 0; count < 10; count++) for (const side of [few, many]) await turn(side, false)
    const untilMs = performance.now() + stage.seconds * 2_000
    while (performance.now() < untilMs) for (const side of [few, many]) await turn(side, true)
    const { activatedCount } = await many.system.status()
    if (activatedCount < (samples.get(many)?.length ?? 0))
      throw new Error("an actor was resident when asked for")
    await few.system.stop()
    await many.system.stop()
    const p50 = (side: Population) => quantile(samples.get(side) ?? [], 0.5)
    const p99 = (side: Population) => Math.round(quantile(samples.get(side) ?? [], 0.99))
    return [
      rowOf("activation", p50(many), "µs p50", p50(few), {
        target: { of: "ratio", op: "<=", limit: 1.3 },
        note: `snapshot, ${MANY} actors in the journal, ${samples.get(many)?.length} samples; ceiling: ${FEW} actors; p99 ${p99(many)} and ${p99(few)} µs`,
      }),
    ]
  },
}
