/** A real Prometheus with the shipped alert rules, where this machine has one or can get one. */
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { freePorts } from "../../../infra/embedded/FreePorts.ts"

const root = join(import.meta.dirname, "../../..")

export const rulesFile = join(root, "docs/deployment/prometheus/alerts.yaml")

/** Folder of prometheus and promtool; `undefined`, said aloud, where there is none. */
export const prometheusFolder = (): string | undefined => {
  try {
    const stdio = ["ignore", "pipe", "pipe"] as const
    return execFileSync(join(root, ".ci/prometheus"), { encoding: "utf8", stdio: [...stdio] }).trim()
  } catch (cause) {
    const { stderr } = cause as { readonly stderr?: string }
    process.stdout.write(`=== NOT RUN: the tests of the alert rules need Prometheus. ${stderr ?? ""} ===\n`)
    return undefined
  }
}

/** Time that a condition of a rule must last here in place of its own `for`. */
const FOR = "1s"

/** A rule that waits for half an hour would take the start of the node for trouble: it keeps its time. */
const FOR_OF_RULE = /^( +for:) (?!30m).*$/gm

interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly state: string
}

/** Starts Prometheus on one target, with the rules at short times. It ends with the test. */
export const startPrometheus = async (folder: string, target: string) => {
  const data = mkdtempSync(join(tmpdir(), "everstate-prometheus-"))
  const [port] = await freePorts(1)
  const rules = join(data, "alerts.yaml")
  const config = join(data, "prometheus.yaml")
  writeFileSync(rules, readFileSync(rulesFile, "utf8").replaceAll(FOR_OF_RULE, `$1 ${FOR}`))
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: "500ms", scrape_timeout: "400ms", evaluation_interval: "500ms" },
      rule_files: [rules],
      scrape_configs: [{ job_name: "everstate", static_configs: [{ targets: [target] }] }],
    }),
  )
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(data, "tsdb")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  const child = spawn(join(folder, "prometheus"), args, { stdio: "ignore" })
  const ended = new Promise((resolve) => child.once("exit", resolve))
  onTestFinished(async () => {
    child.kill("SIGKILL")
    await ended
    rmSync(data, { recursive: true, force: true })
  })
  const ask = async <Data>(path: string): Promise<Data | undefined> => {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)
      return ((await response.json()) as { readonly data: Data }).data
    } catch {
      // It has not opened its port yet.
      return undefined
    }
  }
  return {
    /** Names of the alerts that fire now. */
    firing: async (): Promise<ReadonlySet<string>> => {
      const found = await ask<{ readonly alerts: ReadonlyArray<Alert> }>("alerts")
      const firing = found?.alerts.filter(({ state }) => state === "firing") ?? []
      return new Set(firing.map(({ labels }) => labels["alertname"] ?? ""))
    },
    /** Whether the query has any result now. */
    isFound: async (query: string): Promise<boolean> => {
      const path = `query?query=${encodeURIComponent(query)}`
      return ((await ask<{ readonly result: ReadonlyArray<unknown> }>(path))?.result.length ?? 0) > 0
    },
  }
}
