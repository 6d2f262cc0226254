/** One actor with 64 commands in flight: what group commit makes of a single writer, against 256 free subjects. */
import { ActorSystem } from "../../infra/everstate.ts"
import { Account, paidCommit, pay } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { interleaved, load, rowOf } from "./Measure.ts"
import { openRawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"

const HOT_IN_FLIGHT = 64

export const hotActor: Bench = {
  name: "hot.actor",
  rows: ["hot.actor"],
  run: async (stage) => {
    const servers = await stage.servers()
    const raw = await openRawJournal(servers.natsUrl, "raw", { create: true })
    const { natsUrl: nats, postgresUrl: postgres } = servers
    const system = await ActorSystem.start({ directory: false, nats, postgres, actors: [Account] })
    const account = system.get(Account, "hot")
    const appends = raw.appends(paidCommit(10_000))
    const before = await system.status()
    const { append, hot } = await interleaved(stage.seconds, {
      append: (ms) => load(IN_FLIGHT, ms, appends),
      hot: (ms) => load(HOT_IN_FLIGHT, ms, (_, done) => account.ask(pay).then(() => done(), done)),
    })
    const after = await system.status()
    await system.stop()
    await raw.close()
    const perCommit =
      (after.eventCount - before.eventCount) / Math.max(1, after.committedCount - before.committedCount)
    return [
      rowOf("hot.actor", hot.perSecond, "commands/s", append.perSecond, {
        cpuUs: hot.cpuUs,
        target: { of: "ratio", op: ">=", limit: 0.3 },
        note: `${HOT_IN_FLIGHT} in flight, ${perCommit.toFixed(1)} commands a commit`,
      }),
    ]
  },
}
