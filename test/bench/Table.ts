/** The rows as a Markdown table, which a terminal shows as well. */
import type { Machine } from "./Machine.ts"
import { meetsTarget, type Row, type Target } from "./Measure.ts"

const figure = (value: number | null | undefined): string => {
  if (value === null || value === undefined || Number.isNaN(value)) return ""
  if (value >= 1_000) return Math.round(value).toLocaleString("en")
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}

const targetText = (target: Target | undefined): string => {
  if (target === undefined) return ""
  const { of, op, limit, cpuUsMax } = target
  const bound = `${of === "ratio" ? "ratio " : ""}${op === ">=" ? "≥" : "≤"} ${limit.toLocaleString("en")}`
  return cpuUsMax === undefined ? bound : `${bound}, CPU ≤ ${cpuUsMax} µs`
}

const verdict = (row: Row): string => {
  const met = meetsTarget(row)
  return met === undefined ? "" : met ? "met" : "SHORT"
}

const header = [
  "row",
  "value",
  "unit",
  "ceiling",
  "ratio",
  "node CPU µs",
  "nats CPU µs",
  "target",
  "",
  "nats-server, fsync",
  "what",
]

const cells = (row: Row): ReadonlyArray<string> => [
  row.name,
  figure(row.value),
  row.unit,
  figure(row.ceiling),
  row.ratio === null ? "" : row.ratio.toFixed(2),
  figure(row.cpuUs),
  figure(row.serverCpuUs),
  targetText(row.target),
  verdict(row),
  row.servers ?? "",
  row.note ?? "",
]

export const tableText = (rows: ReadonlyArray<Row>): string => {
  const lines = [header, ...rows.map(cells)]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const isNumber = (column: number) => column === 1 || (column >= 3 && column <= 6)
  const text = (line: ReadonlyArray<string>) =>
    `| ${line.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(" | ")} |`
  const rule = `|${widths.map((width, column) => (isNumber(column) ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")}|`
  return [text(header), rule, ...rows.map((row) => text(cells(row)))].join("\n")
}

export const machineText = (machine: Machine): string =>
  [
    `${machine.coreCount} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.os}`,
    `Node ${machine.node}, nats-server ${machine.natsServer}, Postgres ${machine.postgres}`,
    `fsync: ${machine.fsync}`,
  ].join("\n")
