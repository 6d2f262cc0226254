/** What a run came to: figures for each kind of attack, as data and as a table. */
import { quantile } from "../bench/Measure.ts"
import { isDone, type Operation } from "./Operation.ts"
import type { Attack } from "./Plan.ts"

/** An attack that was made. Times are of `performance.now()`. */
export interface Episode {
  readonly attack: Attack
  readonly beganMs: number
  /** Nothing was broken any more. */
  readonly healedMs: number
  /** All was well again. */
  readonly calmMs: number
  /** Actors that were hit. */
  readonly actors: ReadonlyArray<string>
}

interface Spread {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

interface KindReport {
  readonly kind: string
  readonly count: number
  readonly asks: Spread
  readonly failedCount: number
  /** From the attack to the first answer to a request that was made after it, for every actor that was hit. */
  readonly backMs: Spread
  /** From the healing to when all was well. */
  readonly calmMs: Spread
}

export interface NemesisReport {
  readonly seed: number
  readonly nodeCount: number
  readonly natsCount: number
  readonly seconds: number
  readonly operationCount: number
  readonly errors: { readonly [tag: string]: number }
  readonly eventCount: number
  readonly movedCount: number
  readonly evictedCount: number
  readonly quiet: { readonly asks: Spread; readonly failedCount: number }
  readonly kinds: ReadonlyArray<KindReport>
  readonly violations: ReadonlyArray<string>
}

const spreadOf = (samples: ReadonlyArray<number>): Spread => ({
  count: samples.length,
  p50: quantile(samples, 0.5),
  p99: quantile(samples, 0.99),
  max: samples.reduce((most, sample) => Math.max(most, sample), Number.NEGATIVE_INFINITY),
})

const latencies = (operations: ReadonlyArray<Operation>): Spread =>
  spreadOf(operations.filter(isDone).map(({ invokedMs, returnedMs }) => returnedMs - invokedMs))

const failures = (operations: ReadonlyArray<Operation>): number =>
  operations.filter((operation) => !isDone(operation)).length

export const errorsOf = (operations: ReadonlyArray<Operation>): { readonly [tag: string]: number } => {
  const counts: Record<string, number> = {}
  for (const { outcome } of operations) {
    if (outcome !== undefined && "error" in outcome) counts[outcome.error] = (counts[outcome.error] ?? 0) + 1
  }
  return counts
}

/** How long each actor that was hit went without an answer to what was asked of it afterwards. */
export const backAfter = (
  { actors, beganMs }: Pick<Episode, "actors" | "beganMs">,
  operations: ReadonlyArray<Operation>,
): ReadonlyArray<number> => {
  const first = new Map<string, number>()
  const hit = new Set(actors)
  for (const operation of operations) {
    const { actor, invokedMs, returnedMs } = operation
    if (invokedMs < beganMs || !hit.has(actor) || !isDone(operation)) continue
    first.set(actor, Math.min(first.get(actor) ?? Number.POSITIVE_INFINITY, returnedMs - beganMs))
  }
  return [...first.values()]
}

/** Between attacks, and after `sinceMs`: until then everything starts. */
export const quietOf = (
  episodes: ReadonlyArray<Episode>,
  operations: ReadonlyArray<Operation>,
  sinceMs: number,
) => {
  const quiet = operations.filter(
    ({ invokedMs }) =>
      invokedMs >= sinceMs &&
      !episodes.some(({ beganMs, calmMs }) => invokedMs >= beganMs - 100 && invokedMs <= calmMs),
  )
  return { asks: latencies(quiet), failedCount: failures(quiet) }
}

export const kindsOf = (
  episodes: ReadonlyArray<Episode>,
  operations: ReadonlyArray<Operation>,
): ReadonlyArray<KindReport> => {
  const kinds = [...new Set(episodes.map(({ attack }) => attack.kind))].sort()
  return kinds.map((kind) => {
    const own = episodes.filter(({ attack }) => attack.kind === kind)
    const during = operations.filter(({ invokedMs }) =>
      own.some(({ beganMs, calmMs }) => invokedMs >= beganMs && invokedMs <= calmMs),
    )
    return {
      kind,
      count: own.length,
      asks: latencies(during),
      failedCount: failures(during),
      backMs: spreadOf(own.flatMap((episode) => backAfter(episode, operations))),
      calmMs: spreadOf(own.map(({ healedMs, calmMs }) => calmMs - healedMs)),
    }
  })
}

const ms = (value: number): string =>
  Number.isFinite(value) ? (value < 10 ? value.toFixed(1) : value.toFixed(0)) : ""

const spreadCells = ({ p50, p99, max }: Spread): ReadonlyArray<string> => [ms(p50), ms(p99), ms(max)]

const header = [
  "attack",
  "times",
  "asks",
  "failed",
  "ask p50 ms",
  "p99",
  "max",
  "back p50 ms",
  "p99",
  "max",
  "calm p50 ms",
  "max",
]

/** As Markdown, which a terminal shows as well. */
export const reportText = (report: NemesisReport): string => {
  const { quiet, kinds } = report
  const lines = [
    header,
    [
      "(quiet)",
      "",
      `${quiet.asks.count}`,
      `${quiet.failedCount}`,
      ...spreadCells(quiet.asks),
      "",
      "",
      "",
      "",
      "",
    ],
    ...kinds.map(({ kind, count, asks, failedCount, backMs, calmMs }) => [
      kind,
      `${count}`,
      `${asks.count}`,
      `${failedCount}`,
      ...spreadCells(asks),
      ...spreadCells(backMs),
      ms(calmMs.p50),
      ms(calmMs.max),
    ]),
  ]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = (line: ReadonlyArray<string>) =>
    `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`
  const errors = Object.entries(report.errors).map(([tag, count]) => `${tag} ${count}`)
  return [
    text(header),
    rule,
    ...lines.slice(1).map(text),
    "",
    `${report.nodeCount} nodes, ${report.natsCount} NATS, seed ${report.seed}, ${report.seconds.toFixed(0)} s: ` +
      `${report.operationCount} operations, ${report.eventCount} events, ${report.movedCount} moves of slots, ` +
      `${report.evictedCount} evictions; errors: ${errors.join(", ") || "none"}`,
    report.violations.length === 0 ? "No violation." : `${report.violations.length} VIOLATIONS`,
    ...report.violations.slice(0, 50).map((violation) => `  ${violation}`),
  ].join("\n")
}
