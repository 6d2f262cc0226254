/** Durable calls that do nothing: asked for by a commit, made, and their outcome stored by another. */
import { ActorSystem } from "../../infra/everstate.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { load, type Operation, rowOf } from "./Measure.ts"
import type { Bench } from "./Stage.ts"
import { Caller, onEnd } from "./Worker.ts"

const WARM_UP_MS = 1_000

export const invokeThroughput: Bench = {
  name: "invoke.throughput",
  rows: ["invoke.throughput"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const system = await ActorSystem.start({ directory: false, nats, postgres, actors: [Caller] })
    const refs = Array.from({ length: IN_FLIGHT }, (_, lane) => system.get(Caller, `caller-${lane}`))
    const calls: Operation = (lane, done) => {
      const ref = refs[lane]
      if (ref === undefined) return done(new RangeError(`lane ${lane}`))
      onEnd(ref.id, done)
      ref.ask({ type: "Start" }).catch(done)
    }
    await load(IN_FLIGHT, WARM_UP_MS, calls)
    const round = await load(IN_FLIGHT, stage.seconds * 1_000, calls, server.pid)
    await system.stop()
    return [
      rowOf("invoke.throughput", round.perSecond, "calls/s", null, {
        cpuUs: round.cpuUs,
        serverCpuUs: round.serverCpuUs,
        note: `${IN_FLIGHT} actors, a call each: two commits and a message`,
      }),
    ]
  },
}
