/** Commands to 256 resident actors at once, against raw appends of the same commits to as many subjects. */
import { ActorSystem } from "../../infra/everstate.ts"
import { Account, paidCommit, pay } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { interleaved, load, type Operation, type Row, rowOf } from "./Measure.ts"
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

const measure = async (stage: Stage, name: string, syncAlways: boolean): Promise<Row> => {
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
  const asks = payments(system)
  const { append, ask } = await interleaved(stage.seconds, {
    append: (ms) => load(IN_FLIGHT, ms, appends, pid),
    ask: (ms) => load(IN_FLIGHT, ms, asks, pid),
  })
  await system.stop()
  await raw.close()
  return rowOf(name, ask.perSecond, "commands/s", append.perSecond, {
    cpuUs: ask.cpuUs,
    serverCpuUs: ask.serverCpuUs,
    target: syncAlways
      ? { of: "ratio", op: ">=", limit: 0.4 }
      : { of: "ratio", op: ">=", limit: 0.4, cpuUsMax: 22 },
    note: `${IN_FLIGHT} actors in flight, commands of ${JSON.stringify(pay).length} bytes; fsync ${syncAlways ? "always" : "every 2 minutes"}`,
  })
}

export const askThroughput: Bench = {
  name: "ask.throughput",
  rows: ["ask.throughput"],
  run: async (stage) => [await measure(stage, "ask.throughput", false)],
}

export const askThroughputSynced: Bench = {
  name: "ask.throughput.fsync",
  rows: ["ask.throughput.fsync"],
  run: async (stage) => [await measure(stage, "ask.throughput.fsync", true)],
}
