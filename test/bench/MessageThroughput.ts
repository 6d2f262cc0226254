/** Messages from actor to actor on one node, against the raw appends of the two commits that each of them costs. */
import { ActorSystem } from "../../infra/everstate.ts"
import { Account, paidCommit } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { payments } from "./AskThroughput.ts"
import { interleaved, load, type Operation, rowOf } from "./Measure.ts"
import { openRawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"
import { onEnd, order, SENDERS, Sender, Worker } from "./Worker.ts"

/** The sender's commit and the receiver's. */
export const COMMITS_PER_MESSAGE = 2

export const messageThroughput: Bench = {
  name: "message.throughput",
  rows: ["message.throughput"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const raw = await openRawJournal(nats, "raw", { create: true })
    const actors = [Account, Sender, Worker]
    const system = await ActorSystem.start({
      directory: false,
      nats,
      postgres,
      actors,
      node: { labels: [SENDERS] },
    })
    const refs = Array.from({ length: IN_FLIGHT }, (_, lane) => system.get(Sender, `lane-${lane}`))
    const messages: Operation = (lane, done) => {
      const ref = refs[lane]
      if (ref === undefined) return done(new RangeError(`lane ${lane}`))
      onEnd(ref.id, done)
      ref.ask(order).catch(done)
    }
    const appends = raw.appends(paidCommit(10_000))
    const asks = payments(system)
    const { append, ask, message } = await interleaved(stage.seconds, {
      append: (ms) => load(IN_FLIGHT, ms, appends, server.pid),
      ask: (ms) => load(IN_FLIGHT, ms, asks, server.pid),
      message: (ms) => load(IN_FLIGHT, ms, messages, server.pid),
    })
    const { directCount, parkedCount } = (await system.status()).outbox
    await system.stop()
    await raw.close()
    const commitsPerSecond = Math.round(message.perSecond * COMMITS_PER_MESSAGE).toLocaleString("en")
    const ofAsks = ((message.perSecond * COMMITS_PER_MESSAGE) / ask.perSecond).toFixed(2)
    return [
      rowOf("message.throughput", message.perSecond, "messages/s", append.perSecond / COMMITS_PER_MESSAGE, {
        cpuUs: message.cpuUs,
        serverCpuUs: message.serverCpuUs,
        target: { of: "ratio", op: ">=", limit: 0.3 },
        note: `${IN_FLIGHT} senders, one message each on its way to an actor of the node: ${commitsPerSecond} commits/s, ${ofAsks} of what asks make; ${parkedCount} of ${directCount + parkedCount} parked; ceiling: two raw appends`,
      }),
    ]
  },
}
