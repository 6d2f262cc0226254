/**
 * The last hour of metrics as text: a line for each series, with a picture of its course.
 *
 * Owns the picture. What the series are: infra/metrics/MetricsRing.ts.
 */
import type { Paint } from "./Output.ts"
import type { Document } from "./Remote.ts"
import { textTable } from "./TextTable.ts"

/** Signs of a course: the more, the higher. */
const BARS = "▁▂▃▄▅▆▇█"

/** Signs in a course; each stands for as many spans. */
const COURSE_LENGTH = 60

type Values = ReadonlyArray<number | null>

const largestOf = (values: Values): number | undefined => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** One sign for the largest value of some spans; a blank if nothing is known of them. */
export const courseOf = (values: Values): string => {
  const top = largestOf(values) ?? 0
  const length = Math.min(COURSE_LENGTH, values.length)
  return Array.from({ length }, (_, index) => {
    const from = Math.floor((index * values.length) / length)
    const largest = largestOf(values.slice(from, Math.floor(((index + 1) * values.length) / length)))
    if (largest === undefined) return " "
    return BARS[top <= 0 ? 0 : Math.round((largest / top) * (BARS.length - 1))]
  }).join("")
}

const UNITS: { readonly [series: string]: string } = {
  ...Object.fromEntries(
    ["accepted", "rejected", "failed", "commits", "sent", "calls"].map((name) => [name, "/s"]),
  ),
  p50Ms: "ms",
  p99Ms: "ms",
}

const shown = (name: string, value: number | null | undefined): string =>
  value === null || value === undefined
    ? "–"
    : `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })} ${UNITS[name] ?? ""}`.trimEnd()

/** The history for people. */
export const historyText = ({ series, projections, nodes, since }: Document, paint: Paint): string => {
  const rows = [
    ...Object.entries<Values>(series),
    ...Object.entries<Values>(projections).map(([name, lags]) => [`lag of ${name}`, lags] as const),
  ].map(([name, values]) => ({ name, values }))
  const table = textTable(
    rows,
    [
      { heading: "series", cell: ({ name }) => name.replace(/Ms$/, "") },
      { heading: "now", cell: ({ name, values }) => shown(name, values.at(-1)), align: "right" },
      { heading: "largest", cell: ({ name, values }) => shown(name, largestOf(values)), align: "right" },
      { heading: `since ${since}`, cell: ({ values }) => courseOf(values) },
    ],
    { paint, none: "" },
  )
  const silent = nodes.flatMap(({ name, silent }: Document) =>
    silent === undefined ? [] : [paint("yellow", `${name} is missing: ${silent}`)],
  )
  return [table, "", `${nodes.length - silent.length} of ${nodes.length} nodes`, ...silent].join("\n")
}
