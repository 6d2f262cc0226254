/**
 * The demo's result: the counts for `--json`, the table for people, and whether the run is without faults.
 *
 * Pure. The counts come from DemoAudit.ts.
 */
import type { AuditReport } from "./DemoAudit.ts"
import type { Answered } from "./DemoClient.ts"

/** What `--json` prints: `sent` = `accepted` + `rejected` + `deduplicated`. */
export interface DemoReport {
  /** Answers, including those to repeats. Attempts without an answer do not count. */
  readonly sent: number
  /** Acknowledged commands, each once. */
  readonly accepted: number
  readonly rejected: number
  /** Further acknowledgements of a command, which say that it was applied before. */
  readonly deduplicated: number
  readonly events: number
  readonly readModelRows: number
  readonly lost: number
  readonly duplicated: number
  readonly seconds: number
  /** Sold orders. `completed` + `compensated` + `stuck` is the count of all placed orders. */
  readonly completed: number
  readonly compensated: number
  readonly stuck: number
  readonly doubleCharges: number
  readonly oversold: number
  readonly moneyImbalance: number
  readonly stockImbalance: number
  readonly compensatedBy: { readonly [cause: string]: number }
  readonly nodes: number
  readonly kills: number
  /** Time from placed to settled. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Counts that must be zero. */
const FAULTS = [
  "lost",
  "duplicated",
  "stuck",
  "doubleCharges",
  "oversold",
  "moneyImbalance",
  "stockImbalance",
] as const satisfies ReadonlyArray<keyof DemoReport>

interface AnswerCounts {
  readonly accepted: number
  readonly rejected: number
  readonly deduplicated: number
  /** Accepted commands that were stored before a crash and acknowledged after it. */
  readonly answeredLate: number
  /** Commands that were acknowledged as new more than once. */
  readonly newTwice: ReadonlyArray<string>
}

export const countAnswers = (answers: ReadonlyArray<Answered>): AnswerCounts => {
  const acknowledged = answers.filter(({ outcome }) => outcome.kind !== "rejected")
  const byCommand = [...Map.groupBy(acknowledged, ({ sending }) => `${sending.orderId} ${sending.key}`)]
  const newCount = (ofOne: ReadonlyArray<Answered>) =>
    ofOne.filter(({ outcome }) => outcome.kind === "accepted").length
  return {
    accepted: byCommand.length,
    rejected: answers.length - acknowledged.length,
    deduplicated: acknowledged.length - byCommand.length,
    answeredLate: byCommand.filter(([, ofOne]) => newCount(ofOne) === 0).length,
    newTwice: byCommand.filter(([, ofOne]) => newCount(ofOne) > 1).map(([command]) => command),
  }
}

export const reportOf = (
  answers: ReadonlyArray<Answered>,
  audit: AuditReport,
  { nodes, kills, seconds }: Pick<DemoReport, "nodes" | "kills" | "seconds">,
): DemoReport => {
  const { accepted, rejected, deduplicated } = countAnswers(answers)
  return {
    sent: answers.length,
    accepted,
    rejected,
    deduplicated,
    events: audit.events,
    readModelRows: audit.readModelRows,
    lost: audit.lost,
    duplicated: audit.duplicated,
    seconds,
    completed: audit.completed,
    compensated: [...audit.compensatedBy.values()].reduce((sum, count) => sum + count, 0),
    stuck: audit.stuck,
    doubleCharges: audit.doubleCharges,
    oversold: audit.oversold,
    moneyImbalance: audit.moneyImbalance,
    stockImbalance: audit.stockImbalance,
    compensatedBy: Object.fromEntries(audit.compensatedBy),
    nodes,
    kills,
    p50Ms: quantile(audit.durationsMs, 0.5),
    p99Ms: quantile(audit.durationsMs, 0.99),
  }
}

/** Quantile of ascending values; 0 if there are none. */
const quantile = (ascending: ReadonlyArray<number>, share: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? 0

/** True if no command was lost or doubled, and nothing is open or out of balance. */
export const isWell = (report: DemoReport): boolean => FAULTS.every((fault) => report[fault] === 0)

/** Count of each rejection's reason, most frequent first. */
const rejectionsByReason = (answers: ReadonlyArray<Answered>): ReadonlyArray<readonly [string, number]> => {
  const counts = new Map<string, number>()
  for (const { outcome } of answers) {
    if (outcome.kind === "rejected") counts.set(outcome.reason, (counts.get(outcome.reason) ?? 0) + 1)
  }
  return [...counts].sort(([a, countA], [b, countB]) => countB - countA || a.localeCompare(b))
}

export const tableOf = (report: DemoReport, answers: ReadonlyArray<Answered>): string => {
  const rows: ReadonlyArray<readonly [string, number | string]> = [
    ["requests answered", report.sent],
    ["  accepted", report.accepted],
    ["    stored before a crash, answered after", countAnswers(answers).answeredLate],
    ["  rejected", report.rejected],
    ...rejectionsByReason(answers).map(([reason, count]) => [`    ${reason}`, count] as const),
    ["  deduplicated", report.deduplicated],
    ...(report.nodes === 1 ? [] : [["nodes", report.nodes] as const]),
    ["kills of the service", report.kills],
    ["orders completed", report.completed],
    ["orders compensated", report.compensated],
    ...Object.entries(report.compensatedBy).map(([cause, count]) => [`  ${cause}`, count] as const),
    ["orders stuck", report.stuck],
    ["order events", report.events],
    ["read-model rows", report.readModelRows],
    ["lost", report.lost],
    ["duplicated", report.duplicated],
    ["double charges", report.doubleCharges],
    ["oversold units", report.oversold],
    ["money out of balance, minor units", report.moneyImbalance],
    ["stock out of balance, units", report.stockImbalance],
    ["placed to settled, p50 ms", report.p50Ms],
    ["placed to settled, p99 ms", report.p99Ms],
    ["seconds", report.seconds],
  ]
  const nameWidth = Math.max(...rows.map(([name]) => name.length))
  const valueWidth = Math.max(...rows.map(([, value]) => String(value).length))
  return rows
    .map(([name, value]) => `${name.padEnd(nameWidth)}  ${String(value).padStart(valueWidth)}`)
    .join("\n")
}
