import { defineConfig } from "vitest/config"

/** Long enough for a test that starts real servers on a loaded machine. */
const testTimeoutMs = 30_000
const hookTimeoutMs = 60_000
/** Test files at once: each may start servers of its own; many of them wait more than they work. */
const workerCountMax = 3

/** Where continuous integration wants the results as JSON; nobody else needs them. */
const reportFile = process.env.TEST_REPORT_FILE

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: workerCountMax,
    testTimeout: testTimeoutMs,
    hookTimeout: hookTimeoutMs,
    reporters: reportFile === undefined ? ["default"] : ["default", ["json", { outputFile: reportFile }]],
  },
})
