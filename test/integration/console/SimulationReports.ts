/**
 * Reports of simulations to open in the console: one of a promise that is broken on purpose, and a long one.
 *
 * Owns the planted fault: a journal that stores every commit, whatever the version that the node expects.
 */
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { vi } from "vitest"
import { Order } from "../../../actors/order/Order.ts"
import { playScenarios } from "../../../infra/cli/Simulation.ts"
import type { SimulateOptions } from "../../../runtime/testing.ts"
import { orderWorkload } from "../../simulation/scenarios/OrderWorkload.ts"

/** Seeds of the planted scenario, of which one breaks a promise. */
const PLANTED_SEEDS_MAX = 50

const planted: SimulateOptions = {
  actors: [Order],
  workload: orderWorkload(6, 80),
  settings: { idleMs: 1_000 },
  doubles: {
    journal: (journal) => ({
      ...journal,
      append: (address, _expected, data) =>
        journal.last(address).pipe(
          Effect.orElseSucceed(() => undefined),
          Effect.flatMap((last) => journal.append(address, last?.sequence ?? 0, data)),
        ),
    }),
  },
}

/** The report that `npm run sim -- --json` writes of the planted scenario, and the seed that breaks the promise. */
export const plantedReport = async (): Promise<{ readonly report: string; readonly seed: number }> => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-planted-"))
  const reportFile = join(folder, "report.json")
  const said = createWriteStream(join(folder, "stdout")) as unknown as NodeJS.WriteStream
  const silenced = vi.spyOn(console, "error").mockReturnValue(undefined)
  try {
    const input = {
      seeds: PLANTED_SEEDS_MAX,
      seed: 1,
      twice: 0,
      scenario: undefined,
      reportFile,
      save: undefined,
    }
    await playScenarios({ planted }, { ...input, repeatWith: "npm run sim -- --seed {seed}" }, said)
    const report = readFileSync(reportFile, "utf8")
    const { results } = JSON.parse(report) as {
      readonly results: [{ readonly failure: { readonly seed: number } }]
    }
    return { report, seed: results[0].failure.seed }
  } finally {
    silenced.mockRestore()
    await new Promise<void>((resolve) => said.end(() => resolve()))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A report whose run has `count` steps of three nodes, with a crash and some faults in between, after `earlier` steps. */
export const longReport = (count: number, earlier = 0): string => {
  const entry = (number: number) => {
    const node = `node ${1 + (number % 3)}`
    const actor = `order/o-${number % 20}`
    const facts = { number, cause: number - 1, atMs: number * 3 }
    if (number % 1_000 === 0) return { ...facts, place: node, what: "crashed" }
    if (number % 1_000 === 3) return { ...facts, place: node, what: "starts again" }
    if (number % 1_000 === 9) return { ...facts, place: node, what: "started" }
    if (number % 97 === 0) return { ...facts, place: node, what: "FAULT append lost" }
    if (number % 2 === 0)
      return { ...facts, place: "journal", what: `append ${actor} after 1 of ${node}: done` }
    return { ...facts, place: node, what: `read ${actor} 0..${number}` }
  }
  const trace = Array.from({ length: count }, (_, index) => entry(earlier + index + 1))
  const counts = { seeds: 1, seconds: 1, stepCount: count, repeatedCount: 0, marks: {}, coverage: {} }
  return JSON.stringify([{ scenario: "long", ...counts, trace }])
}
