import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Long enough for a test that starts real servers on a loaded machine. */
const testTimeoutMs = 30_000
const hookTimeoutMs = 60_000
/**
 * Ends a simulation that hangs. One that does not ends by itself, after its runs and requests; how long that takes says
 * how busy the machine is, and nothing else.
 */
const simulationTimeoutMs = 600_000
/** Test files at once: each may start servers of its own; many of them wait more than they work. */
const workerCountMax = 3

/** Long files first, so that no worker is left with one at the end: those of servers last longest, unit tests fill up. */
const order = ["integration", "simulation", "contract", "unit"]

class LongFilesFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const place = ({ project }: TestSpecification) => order.indexOf(project.name)
    return (await super.sort(files)).sort((left, right) => place(left) - place(right))
  }
}

/** Where continuous integration wants the results as JSON; nobody else needs them. */
const reportFile = process.env.TEST_REPORT_FILE

/** The tests of one folder. A worker loads the sources once, not once for each file: that was half of the CPU time. */
const folder = (name: string, testTimeout = testTimeoutMs) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, isolate: false },
})

export default defineConfig({
  test: {
    projects: [
      folder("unit"),
      folder("contract"),
      folder("simulation", simulationTimeoutMs),
      folder("integration"),
    ],
    pool: "forks",
    maxWorkers: workerCountMax,
    hookTimeout: hookTimeoutMs,
    sequence: { sequencer: LongFilesFirst },
    reporters: reportFile === undefined ? ["default"] : ["default", ["json", { outputFile: reportFile }]],
  },
})
