/**
 * What a commit costs in each class of durability: one nats-server or three, synced with the disk before each
 * acknowledgement or every two minutes. The server's version is that of the run, so 2.14 and 2.15 take two runs.
 */
import { ActorSystem } from "../../infra/everstate.ts"
import { Account, paidCommit, pay } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { payments } from "./AskThroughput.ts"
import { interleaved, load, quantile, type Row, rowOf, timed } from "./Measure.ts"
import { openRawJournal } from "./RawJournal.ts"
import type { Bench, Stage } from "./Stage.ts"

interface Class {
  readonly name: string
  readonly serverCount: 1 | 3
  readonly syncAlways: boolean
}

const CLASSES: ReadonlyArray<Class> = [
  { name: "one", serverCount: 1, syncAlways: false },
  { name: "one.fsync", serverCount: 1, syncAlways: true },
  { name: "three", serverCount: 3, syncAlways: false },
  { name: "three.fsync", serverCount: 3, syncAlways: true },
]

/** Where the servers of a class are. */
interface Place {
  readonly nats: ReadonlyArray<string>
  readonly postgres: string
}

const placeOf = async (stage: Stage, { serverCount, syncAlways }: Class): Promise<Place> => {
  if (serverCount === 3) {
    const { nats, postgresUrl } = await stage.threeServers({ syncAlways })
    return { nats: nats.urls, postgres: postgresUrl }
  }
  const { natsUrl, postgresUrl } = await stage.servers({ syncAlways })
  return { nats: [natsUrl], postgres: postgresUrl }
}

const ms = (samples: ReadonlyArray<number>, share: number): string => quantile(samples, share).toFixed(1)

const middleAndTail = (samples: ReadonlyArray<number>): string =>
  `p50 ${ms(samples, 0.5)} and p99 ${ms(samples, 0.99)} ms`

const measure = async (stage: Stage, chosen: Class): Promise<ReadonlyArray<Row>> => {
  const { nats, postgres } = await placeOf(stage, chosen)
  const replicas = chosen.serverCount
  const raw = await openRawJournal(nats.join(","), "raw", { create: true, replicas })
  const system = await ActorSystem.start({
    nats: { servers: nats },
    postgres,
    actors: [Account],
    directory: false,
    journal: { replicas },
  })
  const data = paidCommit(10_000)
  const [appends, batches] = [raw.appends(data), raw.batches(data)]
  const together: Array<number> = []
  const asks = timed(together, payments(system))
  const { append, batch, ask } = await interleaved(stage.seconds, {
    append: (untilMs) => load(IN_FLIGHT, untilMs, appends),
    batch: (untilMs) => load(IN_FLIGHT, untilMs, batches),
    ask: (untilMs) => load(IN_FLIGHT, untilMs, asks),
  })
  const alone: Array<number> = []
  const account = system.get(Account, "alone")
  await load(
    1,
    stage.seconds * 500,
    timed(alone, (_, done) => void account.ask(pay).then(() => done(), done)),
  )
  await system.stop()
  await raw.close()
  const name = `durability.${chosen.name}`
  const singles = Math.round(append.perSecond).toLocaleString("en")
  const batched = Math.round(batch.perSecond).toLocaleString("en")
  return [
    rowOf(name, ask.perSecond, "commands/s", Math.max(append.perSecond, batch.perSecond), {
      servers: stage.serversText,
      note: `${IN_FLIGHT} in flight: ${middleAndTail(together)}; one at a time: ${middleAndTail(alone)}; raw appends one by one ${singles}/s, one batch at a time ${batched}/s`,
    }),
  ]
}

export const durability: Bench = {
  name: "durability",
  rows: CLASSES.map(({ name }) => `durability.${name}`),
  run: async (stage) => {
    const rows: Array<Row> = []
    for (const chosen of CLASSES) {
      stage.say(`durability.${chosen.name}`)
      rows.push(...(await measure(stage, chosen)))
    }
    return rows
  },
}
