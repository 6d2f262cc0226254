/**
 * How a figure comes about: work kept in flight for a while, round after round, a ceiling measured in turn with what
 * it is the ceiling of. Owns rows, rounds, medians and CPU time; knows nothing of servers or actors.
 */
import { readFileSync } from "node:fs"

/** One line of the table. `ratio` is value / ceiling. */
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the same machine does at best, or at least, in the same run. `null` where nothing bounds it. */
  readonly ceiling: number | null
  readonly ratio: number | null
  /** What DESIGN asks of the row. */
  readonly target?: Target
  /** CPU of this process per operation, in microseconds, the load generator included. */
  readonly cpuUs?: number
  /** CPU of nats-server per operation, in microseconds; Linux only. */
  readonly serverCpuUs?: number
  readonly note?: string
  /** The nats-servers that it was measured on: how many, their version, and when they sync writes. */
  readonly servers?: string
}

export interface Target {
  readonly of: "ratio" | "value"
  readonly op: ">=" | "<="
  readonly limit: number
  /** Bound on `cpuUs`, too. */
  readonly cpuUsMax?: number
}

/** Whether a row meets its target; `undefined` where it has none. */
export const meetsTarget = (row: Row): boolean | undefined => {
  if (row.target === undefined) return undefined
  const { of, op, limit, cpuUsMax } = row.target
  const figure = of === "ratio" ? (row.ratio ?? Number.NaN) : row.value
  const isWithinCpu = cpuUsMax === undefined || (row.cpuUs ?? 0) <= cpuUsMax
  return isWithinCpu && (op === ">=" ? figure >= limit : figure <= limit)
}

/** A row against its ceiling. */
export const rowOf = (
  name: string,
  value: number,
  unit: string,
  ceiling: number | null,
  more: Partial<Row> = {},
): Row => ({ name, value, unit, ceiling, ratio: ceiling === null ? null : value / ceiling, ...more })

/** The value below which `share` of the samples are. */
export const quantile = (samples: ReadonlyArray<number>, share: number): number => {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (samples: ReadonlyArray<number>): number => quantile(samples, 0.5)

/** One operation of a load, on lane `lane`; calls back once when it is over. */
export type Operation = (lane: number, done: (failure?: unknown) => void) => void

/** The same operation; how long each takes, in milliseconds, is added to `samples`. */
export const timed =
  (samples: Array<number>, operation: Operation): Operation =>
  (lane, done) => {
    const startMs = performance.now()
    operation(lane, (failure) => {
      samples.push(performance.now() - startMs)
      done(failure)
    })
  }

/** What one round of a load came to. */
export interface Round {
  readonly count: number
  readonly perSecond: number
  /** CPU of this process per operation. */
  readonly cpuUs: number
  /** CPU of the server per operation; NaN where it cannot be told. */
  readonly serverCpuUs: number
}

/** Keeps one operation in flight on each lane for `ms`, then lets the last ones finish. Rejects at the first failure. */
export const load = async (
  laneCount: number,
  ms: number,
  operation: Operation,
  serverPid?: number,
): Promise<Round> => {
  const serverUsBefore = cpuUsOf(serverPid)
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  const count = await keepInFlight(laneCount, startMs + ms, operation)
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    count,
    perSecond: count / seconds,
    cpuUs: (user + system) / count,
    serverCpuUs: (cpuUsOf(serverPid) - serverUsBefore) / count,
  }
}

const keepInFlight = (laneCount: number, untilMs: number, operation: Operation): Promise<number> =>
  new Promise((resolve, reject) => {
    let count = 0
    let openCount = laneCount
    const next = (lane: number): void => {
      operation(lane, (failure) => {
        if (failure !== undefined) return reject(failure)
        count++
        if (performance.now() < untilMs) next(lane)
        else if (--openCount === 0) resolve(count)
      })
    }
    for (let lane = 0; lane < laneCount; lane++) next(lane)
  })

/** Ticks of /proc/<pid>/stat: a hundredth of a second on every Linux that Node runs on. */
const US_PER_TICK = 10_000

/** User and system time of another process so far. NaN off Linux and for no pid. */
const cpuUsOf = (pid: number | undefined): number => {
  if (pid === undefined || process.platform !== "linux") return Number.NaN
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) * US_PER_TICK
}

/** Rounds of A and B: ceiling and value see the same noise. */
const ROUND_COUNT = 5

/** Thrown away, so that both sides are compiled and warm. */
const WARM_UP_MS = 700

/** What several rounds came to: medians, so that a round in which the machine was busy elsewhere does not count. */
export const medianRound = (rounds: ReadonlyArray<Round>): Round => ({
  count: rounds.reduce((sum, { count }) => sum + count, 0),
  perSecond: median(rounds.map(({ perSecond }) => perSecond)),
  cpuUs: median(rounds.map(({ cpuUs }) => cpuUs)),
  serverCpuUs: median(rounds.map(({ serverCpuUs }) => serverCpuUs)),
})

/** Runs sides in turn, `seconds` each in all, and gives the median round of each. */
export const interleaved = async <Side extends string>(
  seconds: number,
  sides: { readonly [name in Side]: (ms: number) => Promise<Round> },
): Promise<{ readonly [name in Side]: Round }> => {
  const names = Object.keys(sides) as Array<Side>
  const rounds = Object.fromEntries(names.map((name) => [name, []])) as unknown as {
    [name in Side]: Array<Round>
  }
  for (const name of names) await sides[name](WARM_UP_MS)
  for (let turn = 0; turn < ROUND_COUNT; turn++) {
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      rounds[name].push(await sides[name]((seconds * 1000) / ROUND_COUNT))
    }
  }
  return Object.fromEntries(names.map((name) => [name, medianRound(rounds[name])])) as {
    [name in Side]: Round
  }
}
