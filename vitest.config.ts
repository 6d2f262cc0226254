import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/**
 * Ends a test or hook that hangs. How long one takes that does not hang says how busy the machine is, and nothing else.
 * Conditions that a test waits for give up before this, so that they say what did not come about.
 */
const hangTimeoutMs = 300_000
/** Ends a simulation that hangs: one that does not hang ends by itself, after its runs and requests. */
const simulationTimeoutMs = 600_000
/** Test files at once: each may start servers of its own; many of them wait more than they work. */
const workerCountMax = 4

/** Long files first, so that no worker is left with one at the end: those of servers last longest, unit tests fill up. */
const order = ["integration", "simulation", "contract", "conformance", "unit"]

class LongFilesFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const place = ({ project }: TestSpecification) => order.indexOf(project.name)
    return (await super.sort(files)).sort((left, right) => place(left) - place(right))
  }
}

/**
 * Node keeps here what it has compiled, also for the programs that tests start: one that starts from source takes half of
 * the CPU time then.
 */
process.env.NODE_COMPILE_CACHE ??= new URL("node_modules/.cache/node", import.meta.url).pathname

/** Where continuous integration wants the results as JSON; nobody else needs them. */
const reportFile = process.env.TEST_REPORT_FILE

/** The tests of one folder. A worker loads the sources once, not once for each file: that was half of the CPU time. */
const folder = (name: string, testTimeout = hangTimeoutMs) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, isolate: false },
})

export default defineConfig({
  test: {
    projects: [
      folder("unit"),
      folder("contract"),
      folder("conformance"),
      folder("simulation", simulationTimeoutMs),
      folder("integration"),
    ],
    pool: "forks",
    tags: [
      {
        name: "long",
        description:
          "Takes a minute or more of both cores; `npm run test:long` runs these, `npm test` does not",
      },
    ],
    maxWorkers: workerCountMax,
    hookTimeout: hangTimeoutMs,
    sequence: { sequencer: LongFilesFirst },
    reporters: reportFile === undefined ? ["default"] : ["default", ["json", { outputFile: reportFile }]],
  },
})
