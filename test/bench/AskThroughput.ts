/** Commands to 256 actors at once, resident or new, against raw appends of the same commits to as many subjects. */
import { ActorSystem } from "../../infra/everstate.ts"
import { Account, paidCommit, pay } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { interleaved, load, type Operation, type Round, type Row, rowOf, type Target } from "./Measure.ts"
import { openRawJournal } from "./RawJournal.ts"
import type { Bench, Stage } from "./Stage.ts"

/** A load that asks one account per lane to take one more payment. */
export const payments = (system: ActorSystem): Operation => {
  const refs = Array.from({ length: IN_FLIGHT }, (_, lane) => system.get(Account, `account-${lane}`))
  return (lane, done) => {
    const ref = refs[lane]
    if (ref === undefined) return done(new RangeError(`lane ${lane}`))
    ref.ask(pay).then(() => done(), done)
  }
}

interface Measured {
  readonly loadOf: (system: ActorSystem) => Operation
  readonly target: Target
  readonly note: string
}

const measure = async (stage: Stage, name: string, measured: Measured): Promise<Row> => {
  const { loadOf, target, note } = measured
  const servers = await stage.servers()
  const raw = await openRawJournal(servers.natsUrl, "raw", { create: true })
  const system = await ActorSystem.start({
    nats: servers.natsUrl,
    postgres: servers.postgresUrl,
    actors: [Account],
    directory: false,
  })
  const { pid } = servers.nats
  const data = paidCommit(10_000)
  const appends = raw.appends(data)
  const asks = loadOf(system)
  const { append, ask } = await interleaved(stage.seconds, {
    append: (ms) => load(IN_FLIGHT, ms, appends, pid),
    ask: (ms) => load(IN_FLIGHT, ms, asks, pid),
  })
  await system.stop()
  await raw.close()
  return rowOf(name, ask.perSecond, "commands/s", append.perSecond, {
    cpuUs: ask.cpuUs,
    serverCpuUs: ask.serverCpuUs,
    target,
    note: `${note}; fsync every 2 minutes`,
  })
}

const RESIDENT_NOTE = `${IN_FLIGHT} actors in flight, commands of ${JSON.stringify(pay).length} bytes`

/** Commands that each new actor gets, one after the other. */
const COMMANDS_OF_FRESH = 3

/** A load that gives each command to the account of its lane, which is another one after every three of them. */
const freshPayments = (system: ActorSystem): Operation => {
  let accountCount = 0
  const lanes = new Map<number, { readonly ref: ReturnType<typeof next>; commandCount: number }>()
  const next = () => system.get(Account, `fresh-${accountCount++}`)
  return (lane, done) => {
    const known = lanes.get(lane)
    const account =
      known === undefined || known.commandCount === COMMANDS_OF_FRESH
        ? { ref: next(), commandCount: 0 }
        : known
    lanes.set(lane, account)
    account.commandCount++
    account.ref.ask(pay).then(() => done(), done)
  }
}

export const askFresh: Bench = {
  name: "ask.fresh",
  rows: ["ask.fresh"],
  run: async (stage) => [
    await measure(stage, "ask.fresh", {
      loadOf: freshPayments,
      target: { of: "ratio", op: ">=", limit: 0.4 },
      note: `${IN_FLIGHT} commands in flight, each actor is new and gets ${COMMANDS_OF_FRESH}`,
    }),
  ],
}

export const askThroughput: Bench = {
  name: "ask.throughput",
  rows: ["ask.throughput"],
  run: async (stage) => [
    await measure(stage, "ask.throughput", {
      loadOf: payments,
      target: { of: "ratio", op: ">=", limit: 0.4, cpuUsMax: 22 },
      note: RESIDENT_NOTE,
    }),
  ],
}

/**
 * Where each commit is synced: raw appends one by one, raw appends as atomic batches, and commands. The ceiling of the
 * commands is the faster of the raw ones.
 */
export const askThroughputSynced: Bench = {
  name: "ask.throughput.fsync",
  rows: ["append.ceiling.fsync", "append.ceiling.batch", "ask.throughput.fsync"],
  run: async (stage) => {
    const servers = await stage.servers({ syncAlways: true })
    const raw = await openRawJournal(servers.natsUrl, "raw", { create: true })
    const { natsUrl: nats, postgresUrl: postgres } = servers
    const system = await ActorSystem.start({ directory: false, nats, postgres, actors: [Account] })
    const { pid } = servers.nats
    const data = paidCommit(10_000)
    const [appends, batches, asks] = [raw.appends(data), raw.batches(data), payments(system)]
    const { append, batch, ask } = await interleaved(stage.seconds, {
      append: (ms) => load(IN_FLIGHT, ms, appends, pid),
      batch: (ms) => load(IN_FLIGHT, ms, batches, pid),
      ask: (ms) => load(IN_FLIGHT, ms, asks, pid),
    })
    await system.stop()
    await raw.close()
    const ceiling = Math.max(append.perSecond, batch.perSecond)
    const cpu = ({ cpuUs, serverCpuUs }: Round) => ({ cpuUs, serverCpuUs })
    const gain = (ask.perSecond / append.perSecond).toFixed(1)
    return [
      rowOf("append.ceiling.fsync", append.perSecond, "appends/s", ceiling, {
        ...cpu(append),
        note: `${IN_FLIGHT} subjects in flight, one message each; fsync always`,
      }),
      rowOf("append.ceiling.batch", batch.perSecond, "appends/s", ceiling, {
        ...cpu(batch),
        note: `${IN_FLIGHT} subjects in flight, one atomic batch at a time; fsync always`,
      }),
      rowOf("ask.throughput.fsync", ask.perSecond, "commands/s", ceiling, {
        ...cpu(ask),
        target: { of: "ratio", op: ">=", limit: 0.5 },
        note: `${RESIDENT_NOTE}; ${gain} x single appends; fsync always`,
      }),
    ]
  },
}
