/** The alert rules, the dashboard and the table of alarms in docs/DEPLOYMENT.md agree, and are true to the metrics. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { DURATIONS } from "../../../infra/telemetry/RequestMetrics.ts"
import { metricFamiliesOf } from "../../../infra/telemetry/StatusMetrics.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

const docs = join(import.meta.dirname, "../../../docs")
const read = (file: string) => readFileSync(join(docs, file), "utf8")
const rules = read("deployment/prometheus/alerts.yaml")
const dashboard = read("deployment/grafana/everstate.json")

/** Names of metrics in text, without the ending of a histogram's buckets. */
const namesIn = (text: string): ReadonlySet<string> =>
  new Set(text.match(/\beverstate_[a-z_]+/g)?.map((name) => name.replace(/_bucket$/, "")))

/** Expression of each rule, by the rule's name. */
const expressions = new Map(
  Array.from(rules.matchAll(/- alert: (\w+)\n +expr: (.+)/g), ([, name = "", expr = ""]) => [name, expr]),
)

/** The rows of the table: what "when" and "rule" say. */
const rows = read("DEPLOYMENT.md")
  .split("\n## Watching\n")[1]
  ?.match(/^\| (?!alarm).+ \| .+ \| .+ \| .+ \|$/gm)
  ?.map((row) => row.split(" | "))
  .map(([, when = "", , rule = ""]) => ({ when, names: rule.match(/Everstate\w+/g) ?? [] }))

const knownMetrics = async (): Promise<ReadonlySet<string>> => {
  const { system } = await startMemory()
  const families = metricFamiliesOf(await system.status(), await system.cluster.standing())
  return new Set([...families.map(({ name }) => name), ...Object.keys(DURATIONS)])
}

it("rules and panels name only metrics that there are", async () => {
  const known = await knownMetrics()
  for (const text of [rules, dashboard]) {
    const named = namesIn(text)
    expect(named.size).toBeGreaterThan(15)
    for (const name of named) expect(known).toContain(name)
  }
})

it("each row of the table has its rules, and each rule its row", () => {
  const named = rows?.flatMap(({ names }) => names)
  expect(rows?.filter(({ names }) => names.length === 0)).toEqual([])
  expect(named?.toSorted()).toEqual(Array.from(expressions.keys()).toSorted())
})

it("the rules of a row ask for the metrics of the row", () => {
  for (const { when, names } of rows ?? []) {
    const asked = names.map((name) => expressions.get(name)).join("\n")
    expect(namesIn(asked), names.join()).toEqual(namesIn(when))
  }
})

it("each metric of a rule has a panel", () => {
  const shown = namesIn(dashboard)
  expect(Array.from(namesIn(rules)).filter((name) => !shown.has(name))).toEqual([])
})

it("the panels of the dashboard do not overlap", () => {
  const { panels } = JSON.parse(dashboard) as {
    readonly panels: ReadonlyArray<{ readonly id: number; readonly gridPos: Record<"x" | "y", number> }>
  }
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  expect(new Set(panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)).size).toBe(panels.length)
})
