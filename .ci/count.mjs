/**
 * The last line of continuous integration, `N passed, N failed`: vitest's reports of all runs added.
 *
 *   node .ci/count.mjs STATUS REPORT...
 *
 * A step that fails before or beside the tests counts as one failure, so that the line never flatters; so does a report
 * that cannot be read. Plain JavaScript: it must run on any Node, also where nothing
 * could be installed.
 */
import { existsSync, readFileSync } from "node:fs"

const [status, ...files] = process.argv.slice(2)

const counts = files.filter(existsSync).map((file) => {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, "utf8"))
    // A file that fails without a failed test could not be loaded.
    const broken = testResults.filter(
      (result) =>
        result.status === "failed" && result.assertionResults.every((test) => test.status !== "failed"),
    )
    return { passed: numPassedTests, failed: numFailedTests + broken.length }
  } catch (error) {
    process.stderr.write(`${file}: ${error}\n`)
    return { passed: 0, failed: 1 }
  }
})
const sum = (key) => counts.reduce((total, count) => total + count[key], 0)
const isFailedBeside = status !== "0" && sum("failed") === 0
process.stdout.write(`${sum("passed")} passed, ${sum("failed") + (isFailedBeside ? 1 : 0)} failed\n`)
