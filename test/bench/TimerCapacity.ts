/** 100,000 pending timers, of which 20,000 are due at the same moment: what they take, and how late they ring. */
import { readFileSync } from "node:fs"
import { ActorSystem } from "../../infra/everstate.ts"
import { load, type Operation, quantile, rowOf } from "./Measure.ts"
import type { Bench } from "./Stage.ts"
import { Alarm, latenessMs } from "./Worker.ts"

const PENDING_COUNT = 100_000
const DUE_COUNT = 20_000
const IN_FLIGHT = 512

/** When those that are not due in this run would be. */
const FAR_MS = 30 * 24 * 3_600_000

/** Time from the last of the due alarms being set until they are due, at least. */
const LEAD_MS = 5_000

/** Resident memory of a process, in bytes; NaN off Linux. */
const residentBytes = (pid: number): number => {
  if (process.platform !== "linux") return Number.NaN
  const pages = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]
  return Number(pages) * 4_096
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`

export const timerCapacity: Bench = {
  name: "timer.capacity",
  rows: ["timer.capacity"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const system = await ActorSystem.start({
      directory: false,
      nats,
      postgres,
      actors: [Alarm],
      idleMs: 1_000,
    })
    const pid = server.pid ?? 0
    const before = residentBytes(pid)
    let setCount = 0
    const setAll = async (count: number, atMs: () => number): Promise<number> => {
      const upTo = setCount + count
      const sets: Operation = (_lane, done) => {
        const command = { type: "Set" as const, atMs: atMs() }
        system
          .get(Alarm, `alarm-${setCount++}`)
          .ask(command, { deadlineMs: 60_000 })
          .then(() => done(), done)
      }
      const startMs = performance.now()
      while (setCount < upTo) await load(Math.min(IN_FLIGHT, upTo - setCount), 0, sets)
      return performance.now() - startMs
    }
    stage.say(`timer.capacity: setting ${PENDING_COUNT} timers`)
    const farMs = await setAll(PENDING_COUNT - DUE_COUNT, () => Date.now() + FAR_MS)
    const placedPerSecond = Math.round(((PENDING_COUNT - DUE_COUNT) / farMs) * 1000)
    // As long as those before took in proportion, twice over.
    const dueAtMs = Date.now() + LEAD_MS + (2 * farMs * DUE_COUNT) / (PENDING_COUNT - DUE_COUNT)
    latenessMs.length = 0
    await setAll(DUE_COUNT, () => dueAtMs)
    while ((await system.status()).outbox.pendingCount > 0) await new Promise((next) => setTimeout(next, 100))
    const server100kBytes = residentBytes(pid) - before
    while (latenessMs.length < DUE_COUNT) await new Promise((next) => setTimeout(next, 100))
    await system.stop()
    const p50 = Math.round(quantile(latenessMs, 0.5))
    return [
      rowOf("timer.capacity", quantile(latenessMs, 0.99), "ms late p99", null, {
        note: `${DUE_COUNT} of ${PENDING_COUNT} due at once, p50 ${p50} ms; ${placedPerSecond} set a second; nats-server took ${megabytes(server100kBytes)} for all of them, journal included`,
      }),
    ]
  },
}
