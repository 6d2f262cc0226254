/** Commands to 256 actors at once, resident or new, against raw appends of the same commits to as many subjects. */
import { ActorSystem } from "../../infra/everstate.ts"
import { Account, paidCommit, pay } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { interleaved, load, type Operation, type Row, rowOf, type Target } from "./Measure.ts"
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
  readonly syncAlways: boolean
  readonly loadOf: (system: ActorSystem) => Operation
  readonly target: Target
  readonly note: string
}

const measure = async (stage: Stage, name: string, measured: Measured): Promise<Row> => {
  const { syncAlways, loadOf, target, note } = measured
  const servers = await stage.servers({ syncAlways })
  const raw = await openRawJournal(servers.natsUrl, "raw", { create: true })
  const system = await ActorSystem.start({
    nats: servers.natsUrl,
    postgres: servers.postgresUrl,
    actors: [Account],
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
    note: `${note}; fsync ${syncAlways ? "always" : "every 2 minutes"}`,
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
      syncAlways: false,
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
      syncAlways: false,
      loadOf: payments,
      target: { of: "ratio", op: ">=", limit: 0.4, cpuUsMax: 22 },
      note: RESIDENT_NOTE,
    }),
  ],
}

export const askThroughputSynced: Bench = {
  name: "ask.throughput.fsync",
  rows: ["ask.throughput.fsync"],
  run: async (stage) => [
    await measure(stage, "ask.throughput.fsync", {
      syncAlways: true,
      loadOf: payments,
      target: { of: "ratio", op: ">=", limit: 0.4 },
      note: RESIDENT_NOTE,
    }),
  ],
}
