/** Messages from actors of one node to actors of another one, against the raw appends of the two commits of each. */
import { setTimeout } from "node:timers/promises"
import { ActorSystem } from "../../infra/everstate.ts"
import { paidCommit } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { interleaved, load, type Operation, rowOf } from "./Measure.ts"
import { COMMITS_PER_MESSAGE } from "./MessageThroughput.ts"
import { openRawJournal } from "./RawJournal.ts"
import { type Bench, said } from "./Stage.ts"
import type { SenderCounts } from "./sender.ts"
import { onEnd, SENDERS, Sender, Worker } from "./Worker.ts"

/** The receivers' node is this process; the senders' node is a child, which is told in batches who is to send next. */
export const messageRemote: Bench = {
  name: "message.remote",
  rows: ["message.remote"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const raw = await openRawJournal(nats, "raw", { create: true })
    const node = { name: "receivers" }
    const system = await ActorSystem.start({
      directory: false,
      nats,
      postgres,
      actors: [Sender, Worker],
      node,
    })
    const child = stage.fork("sender.ts", [nats, postgres])
    await said(child)
    await untilApart(system)
    let lanes: Array<number> = []
    const messages: Operation = (lane, done) => {
      onEnd(`lane-${lane}`, done)
      // All that end in one turn of the event loop are told at once.
      if (lanes.push(lane) > 1) return
      setImmediate(() => {
        child.send(lanes)
        lanes = []
      })
    }
    const appends = raw.appends(paidCommit(10_000))
    const { append, message } = await interleaved(stage.seconds, {
      append: (ms) => load(IN_FLIGHT, ms, appends, server.pid),
      message: (ms) => load(IN_FLIGHT, ms, messages, server.pid),
    })
    child.send("stop")
    const { directCount, parkedCount } = await said<SenderCounts>(child)
    await system.stop()
    await raw.close()
    const commitsPerSecond = Math.round(message.perSecond * COMMITS_PER_MESSAGE).toLocaleString("en")
    return [
      rowOf("message.remote", message.perSecond, "messages/s", append.perSecond / COMMITS_PER_MESSAGE, {
        cpuUs: message.cpuUs,
        serverCpuUs: message.serverCpuUs,
        target: { of: "ratio", op: ">=", limit: 0.2 },
        note: `${IN_FLIGHT} senders, one message each on its way to another process: ${commitsPerSecond} commits/s; ${parkedCount} of ${directCount + parkedCount} parked; CPU of the receivers' node alone; ceiling: two raw appends by one process`,
      }),
    ]
  },
}

/** Waits until the senders' node has the senders' shards and no other, and this one the rest. */
const untilApart = async (system: ActorSystem): Promise<void> => {
  while (true) {
    const { slots, members } = await system.cluster.status()
    const receivers = members.find(({ isSelf }) => isSelf)?.id
    const senders = members.find(({ isSelf }) => !isSelf)?.id
    const isApart = slots
      .filter(({ slot }) => slot.startsWith("shard."))
      .every(({ slot, member }) => member === (slot.startsWith(`shard.${SENDERS}.`) ? senders : receivers))
    if (isApart && senders !== undefined) return
    await setTimeout(100)
  }
}
