import { defineConfig } from "vitest/config"

/** Long enough for a test that starts real servers on a loaded machine. */
const testTimeoutMs = 30_000
const hookTimeoutMs = 60_000
/** Test files at once: each may start a NATS server and a Postgres of its own. */
const workerCountMax = 2

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
