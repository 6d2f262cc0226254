/** Commands told to actors of this node and applied, against a raw publish to a work queue and a raw append for each. */
import { Effect } from "effect"
import { ActorSystem } from "../../infra/everstate.ts"
import { createStream } from "../../infra/nats/connection/JetStreamApi.ts"
import { publishTo } from "../../infra/nats/connection/PubAck.ts"
import { paidCommit } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { interleaved, load, type Operation, rowOf } from "./Measure.ts"
import { openRawJournal, type RawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"
import { onEnd, Worker, work } from "./Worker.ts"

const QUEUE = "raw-mailbox"

/** A work queue that is acknowledged by nobody: taking messages off it is not part of the ceiling. */
const rawMessages = async (raw: RawJournal): Promise<Operation> => {
  const { requests } = raw.connection
  await Effect.runPromise(
    createStream(requests, {
      name: QUEUE,
      subjects: [`${QUEUE}.>`],
      retention: "workqueue",
      storage: "file",
      discard: "new",
    }),
  )
  const data = paidCommit(10_000)
  const append = raw.appends(data)
  let count = 0
  return (lane, done) => {
    const headers = { "Nats-Msg-Id": `${count++}` }
    Effect.runCallback(publishTo(requests, `${QUEUE}.${lane}`, data, headers), {
      onExit: (exit) => (exit._tag === "Success" ? append(lane, done) : done(exit.cause)),
    })
  }
}

export const tellThroughput: Bench = {
  name: "tell.throughput",
  rows: ["tell.throughput"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const raw = await openRawJournal(nats, "raw", { create: true })
    const system = await ActorSystem.start({ directory: false, nats, postgres, actors: [Worker] })
    const refs = Array.from({ length: IN_FLIGHT }, (_, lane) => system.get(Worker, `worker-${lane}`))
    const tells: Operation = (lane, done) => {
      const ref = refs[lane]
      if (ref === undefined) return done(new RangeError(`lane ${lane}`))
      onEnd(ref.id, done)
      ref.tell(work).catch(done)
    }
    const messages = await rawMessages(raw)
    const measured = await interleaved(stage.seconds, {
      raw: (ms) => load(IN_FLIGHT, ms, messages, server.pid),
      tell: (ms) => load(IN_FLIGHT, ms, tells, server.pid),
    })
    await system.stop()
    await raw.close()
    const { raw: ceiling, tell } = measured
    return [
      rowOf("tell.throughput", tell.perSecond, "messages/s", ceiling.perSecond, {
        cpuUs: tell.cpuUs,
        serverCpuUs: tell.serverCpuUs,
        target: { of: "ratio", op: ">=", limit: 0.25 },
        note: `${IN_FLIGHT} actors of this node, one tell each on its way, until it is applied`,
      }),
    ]
  },
}
