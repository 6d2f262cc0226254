/** Sagas of three steps: how many a second, how long one takes alone, and what each costs the journal and the mailbox. */
import { setImmediate } from "node:timers/promises"
import { ActorSystem } from "../../infra/everstate.ts"
import { load, type Operation, quantile, rowOf } from "./Measure.ts"
import type { Bench } from "./Stage.ts"
import { Chain, onEnd, Worker } from "./Worker.ts"

const IN_FLIGHT = 256

/** Thrown away, so that everything is compiled and warm. */
const WARM_UP_MS = 2_000

export const sagaThroughput: Bench = {
  name: "saga",
  rows: ["saga.throughput", "saga.latency"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const system = await ActorSystem.start({ nats, postgres, actors: [Worker], sagas: [Chain] })
    const latencies: Array<number> = []
    let sagaCount = 0
    /** Starts a saga and waits for its end: from its last participant's commit on it is looked at. */
    const sagas: Operation = (_lane, done) => {
      const id = `saga-${sagaCount++}`
      const saga = system.get(Chain.actor, id)
      const startedMs = performance.now()
      const look = async (): Promise<void> => {
        // A read may be answered without leaving this turn of the event loop.
        while ((await saga.state()).state.value !== "completed") await setImmediate()
        latencies.push(performance.now() - startedMs)
        done()
      }
      onEnd(`${id}-3`, () => void look().catch(done))
      saga.ask({ type: "Start", input: {} }, { deadlineMs: 60_000 }).catch(done)
    }
    await load(IN_FLIGHT, WARM_UP_MS, sagas)
    const before = await system.status()
    const many = await load(IN_FLIGHT, stage.seconds * 2_000, sagas, server.pid)
    const after = await system.status()
    latencies.length = 0
    await load(1, stage.seconds * 1_000, sagas)
    await system.stop()
    const each = (count: number) => (count / many.count).toFixed(1)
    const commits = each(after.committedCount - before.committedCount)
    const messages = each(after.messages.settledCount - before.messages.settledCount)
    const p99 = quantile(latencies, 0.99).toFixed(1)
    return [
      rowOf("saga.throughput", many.perSecond, "sagas/s", null, {
        cpuUs: many.cpuUs,
        serverCpuUs: many.serverCpuUs,
        note: `${IN_FLIGHT} at a time, three steps; ${commits} commits and ${messages} messages each`,
      }),
      rowOf("saga.latency", quantile(latencies, 0.5), "ms p50", null, {
        note: `one at a time, from its start to its end; ${latencies.length} samples, p99 ${p99} ms`,
      }),
    ]
  },
}
