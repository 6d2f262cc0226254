/** Sagas of three steps: how many a second, how long one takes alone, and what each costs the journal and the mailbox. */
import { setImmediate, setTimeout } from "node:timers/promises"
import { ActorSystem } from "../../infra/everstate.ts"
import { paidCommit } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { interleaved, load, type Operation, quantile, rowOf, timed } from "./Measure.ts"
import { openRawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"
import { Chain, onEnd, Worker } from "./Worker.ts"

/** The start, and for each step the participant's commit and the saga's own. */
const COMMITS_PER_SAGA = 7

/** Thrown away, so that everything is compiled and warm. */
const WARM_UP_MS = 2_000

/** Pause between two looks at a saga whose last participant has committed, while many are on their way. */
const LOOK_MS = 5

/** How long one side has its turn while latencies are taken. */
const TURN_MS = 200

/** The same where each commit is synced. */
export const sagaThroughputSynced: Bench = {
  name: "saga.throughput.fsync",
  rows: ["saga.throughput.fsync"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers({ syncAlways: true })
    const raw = await openRawJournal(nats, "raw", { create: true })
    const system = await ActorSystem.start({
      directory: false,
      nats,
      postgres,
      actors: [Worker],
      sagas: [Chain],
    })
    const appends = raw.appends(paidCommit(10_000))
    const sagas = sagasOf(system, () => setTimeout(LOOK_MS))
    await load(IN_FLIGHT, WARM_UP_MS, sagas)
    const { append, saga } = await interleaved(stage.seconds * 2, {
      append: (ms) => load(IN_FLIGHT, ms, appends, server.pid),
      saga: (ms) => load(IN_FLIGHT, ms, sagas, server.pid),
    })
    await system.stop()
    await raw.close()
    return [
      rowOf("saga.throughput.fsync", saga.perSecond, "sagas/s", append.perSecond, {
        cpuUs: saga.cpuUs,
        serverCpuUs: saga.serverCpuUs,
        target: { of: "ratio", op: ">=", limit: 0.2 },
        note: `${IN_FLIGHT} at a time, three steps; ceiling: one single append, synced`,
      }),
    ]
  },
}

let sagaCount = 0

/** A load that starts a saga and waits for its end: from its last participant's commit on it is looked at. */
const sagasOf =
  (system: ActorSystem, pause: () => Promise<unknown>): Operation =>
  (_lane, done) => {
    const id = `saga-${sagaCount++}`
    const saga = system.get(Chain, id)
    const look = async (): Promise<void> => {
      // A read may be answered without leaving this turn of the event loop.
      while ((await saga.state()).state.value !== "completed") await pause()
      done()
    }
    onEnd(`${id}-3`, () => void look().catch(done))
    saga.ask({ type: "Start", input: {} }, { deadlineMs: 60_000 }).catch(done)
  }

export const sagaThroughput: Bench = {
  name: "saga",
  rows: ["saga.throughput", "saga.latency"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const raw = await openRawJournal(nats, "raw", { create: true })
    const system = await ActorSystem.start({
      directory: false,
      nats,
      postgres,
      actors: [Worker],
      sagas: [Chain],
    })
    const data = paidCommit(10_000)
    const appends = raw.appends(data)
    const seldom = sagasOf(system, () => setTimeout(LOOK_MS))
    await load(IN_FLIGHT, WARM_UP_MS, seldom)
    const before = await system.status()
    const countBefore = sagaCount
    const { append, saga } = await interleaved(stage.seconds * 2, {
      append: (ms) => load(IN_FLIGHT, ms, appends, server.pid),
      saga: (ms) => load(IN_FLIGHT, ms, seldom, server.pid),
    })
    const after = await system.status()
    const each = (count: number) => (count / (sagaCount - countBefore)).toFixed(2)
    const commits = each(after.committedCount - before.committedCount)
    const direct = each(after.outbox.directCount - before.outbox.directCount)
    const parked = each(after.outbox.parkedCount - before.outbox.parkedCount)
    const taken = each(after.messages.settledCount - before.messages.settledCount)

    const latencies = { append: [] as Array<number>, saga: [] as Array<number> }
    const soon = timed(latencies.saga, sagasOf(system, setImmediate))
    const alone = timed(latencies.append, appends)
    const untilMs = performance.now() + stage.seconds * 2_000
    while (performance.now() < untilMs) {
      await load(1, TURN_MS, alone)
      await load(1, TURN_MS, soon)
    }
    await system.stop()
    await raw.close()
    const [p50, p99] = [0.5, 0.99].map((share) => quantile(latencies.saga, share))
    const ms = (figure: number | undefined) => figure?.toFixed(1)
    return [
      rowOf("saga.throughput", saga.perSecond, "sagas/s", append.perSecond / COMMITS_PER_SAGA, {
        cpuUs: saga.cpuUs,
        serverCpuUs: saga.serverCpuUs,
        target: { of: "ratio", op: ">=", limit: 0.25 },
        note: `${IN_FLIGHT} at a time, three steps; ${commits} commits, ${direct} direct messages, ${parked} parked and ${taken} mailbox messages each; ceiling: seven raw appends`,
      }),
      rowOf("saga.latency", p50 ?? Number.NaN, "ms p50", quantile(latencies.append, 0.5), {
        target: { of: "ratio", op: "<=", limit: 12 },
        note: `one at a time, from its start to its end; ${latencies.saga.length} samples, p99 ${ms(p99)} ms; ceiling: one raw append`,
      }),
    ]
  },
}
