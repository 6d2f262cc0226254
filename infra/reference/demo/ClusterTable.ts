/**
 * The output of `npm run cluster`: on a terminal a table that is redrawn, elsewhere one line for a look.
 *
 * Pure. The content comes from ClusterNodes.ts, ClusterView.ts and ClusterLoad.ts.
 */
import type { LoadFigures } from "./ClusterLoad.ts"
import type { ProcessState } from "./ClusterNodes.ts"
import { NODE_VERBS } from "./ClusterScript.ts"
import { epochSum, lagSum, type SeenCluster, serviceOwners, shardOwners } from "./ClusterView.ts"

/** Most events that the table shows. */
export const EVENTS_SHOWN = 8

const MS_PER_SECOND = 1_000
const PERCENT_DIGITS = 2

export interface Picture {
  readonly title: string
  readonly nodes: ReadonlyArray<{
    readonly number: number
    readonly name: string
    readonly pid: number | undefined
    readonly process: ProcessState
  }>
  /** `undefined` if no node answers. */
  readonly seen: SeenCluster | undefined
  readonly load: LoadFigures
  readonly orders: { readonly done: number; readonly total: number }
  readonly events: ReadonlyArray<string>
  /** Typed keys of an incomplete verb. */
  readonly typed: string
  readonly elapsedMs: number
}

/** ANSI backgrounds that tell nodes apart. */
const BACKGROUNDS = [44, 42, 45, 46, 43, 41, 104, 102, 105, 106, 103, 101]
const paint = (code: number, text: string): string => `\x1b[${code}m${text}\x1b[0m`
const dim = (text: string): string => paint(2, text)

const letterOf = (number: number): string => String.fromCharCode("A".charCodeAt(0) + ((number - 1) % 26))

/** One cell for each shard, with its owner's letter. */
const strip = ({ nodes }: Picture, seen: SeenCluster, isColoured: boolean): string => {
  const numberOf = new Map(nodes.map(({ name, number }) => [name, number]))
  return shardOwners(seen)
    .map((owner) => {
      const number = numberOf.get(owner ?? "")
      if (number === undefined) return "·"
      const letter = letterOf(number)
      return isColoured ? paint(BACKGROUNDS[(number - 1) % BACKGROUNDS.length] ?? 0, letter) : letter
    })
    .join("")
}

const rowsOf = ({ nodes, seen }: Picture): ReadonlyArray<ReadonlyArray<string>> =>
  nodes.map(({ number, name, pid, process }) => {
    const member = seen?.members.find((one) => one.name === name)
    const resident = Object.entries(member?.load?.residentByType ?? {}).filter(([, count]) => count > 0)
    return [
      letterOf(number),
      name,
      pid === undefined ? "" : String(pid),
      process,
      member?.state ?? "no member",
      member?.version ?? "",
      String(member?.slots ?? 0),
      member?.load === undefined ? "?" : String(member.load.inFlight),
      resident.map(([type, count]) => `${type} ${count}`).join(", "),
    ]
  })

const HEADINGS = ["", "node", "process", "", "member", "version", "slots", "in flight", "resident"]

const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  )
}

const loadText = ({ load, orders }: Picture): string => {
  const { perSecond, p50Ms, p99Ms, longestMs, answered, retried, failed } = load
  const figures = `${perSecond}/s  p50 ${p50Ms} ms  p99 ${p99Ms} ms  longest ${longestMs} ms  ${answered} answered`
  const trouble = `  ${retried} retried${failed === 0 ? "" : `  ${failed} FAILED`}`
  return figures + trouble + (orders.total === 0 ? "" : `  orders ${orders.done}/${orders.total}`)
}

const seconds = (ms: number): string => `${(ms / MS_PER_SECOND).toFixed(PERCENT_DIGITS)} s`

/** The whole table, for a terminal. */
export const tableOf = (picture: Picture): string => {
  const { title, seen, events, typed, elapsedMs } = picture
  const [headings = "", ...rows] = aligned([HEADINGS, ...rowsOf(picture)])
  const services = seen === undefined ? [] : serviceOwners(seen)
  const keys = Object.entries(NODE_VERBS).map(([verb, key]) => `${key} N ${verb}`)
  return [
    `${title}  ${seconds(elapsedMs)}`,
    "",
    dim(headings),
    ...rows,
    "",
    seen === undefined
      ? "no node tells how the cluster is"
      : `shards   ${strip(picture, seen, true)}  epochs ${epochSum(seen)}  mailbox ${lagSum(seen)}`,
    ...(services.length === 0 ? [] : [`services ${servicesText(services)}`]),
    ...(seen === undefined || seen.paused.length === 0 ? [] : [`paused   ${seen.paused.join(", ")}`]),
    `load     ${loadText(picture)}`,
    "",
    ...events.slice(-EVENTS_SHOWN).map((event) => dim(`  ${event}`)),
    "",
    `${dim(`a add   ${keys.join("   ")}   q quit`)}  ${typed}`,
  ].join("\n")
}

/** How many services each node runs. */
const servicesText = (services: ReadonlyArray<readonly [string, string | undefined]>): string =>
  [...Map.groupBy(services, ([, owner]) => owner ?? "none")]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([owner, slots]) => `${owner} ${slots.length}`)
    .join("  ")

/** The picture as one line, for logs. */
export const lineOf = (picture: Picture): string => {
  const { nodes, seen, elapsedMs } = picture
  const members = nodes.map(({ name, process }) => {
    const member = seen?.members.find((one) => one.name === name)
    return `${name} ${process === "running" ? (member?.state ?? "no member") : process} ${member?.slots ?? 0}`
  })
  const cluster =
    seen === undefined ? "no answer" : `${strip(picture, seen, false)} | epochs ${epochSum(seen)}`
  return [seconds(elapsedMs), members.join(", "), cluster, loadText(picture)].join(" | ")
}
