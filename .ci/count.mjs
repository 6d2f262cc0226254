/**
 * The last lines of continuous integration: each test that failed with the beginning of its message, then
 * `N passed, N failed`: vitest's reports of all runs added.
 *
 *   node .ci/count.mjs STATUS REPORT...
 *
 * A step that fails before or beside the tests counts as one failure, so that the line never flatters; so does a report
 * that cannot be read. Plain JavaScript: it must run on any Node, also where nothing
 * could be installed.
 */
import { existsSync, readFileSync } from "node:fs"
import { relative } from "node:path"

/** Characters of a failure's message that are shown: the output above has the whole. */
const messageLengthMax = 1500

const [status, ...files] = process.argv.slice(2)

const isFailed = (result) => result.status === "failed"
const show = (file, title, message) => {
  process.stdout.write(
    `FAILED ${relative(process.cwd(), file)} > ${title}\n${message.slice(0, messageLengthMax)}\n\n`,
  )
}

const counts = files.filter(existsSync).map((file) => {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, "utf8"))
    let broken = 0
    for (const result of testResults.filter(isFailed)) {
      const failed = result.assertionResults.filter(isFailed)
      for (const test of failed) show(result.name, test.fullName, test.failureMessages.join("\n"))
      // A file that fails without a failed test could not be loaded.
      if (failed.length > 0) continue
      broken += 1
      show(result.name, "the file itself", result.message)
    }
    return { passed: numPassedTests, failed: numFailedTests + broken }
  } catch (error) {
    process.stderr.write(`${file}: ${error}\n`)
    return { passed: 0, failed: 1 }
  }
})
const sum = (key) => counts.reduce((total, count) => total + count[key], 0)
const isFailedBeside = status !== "0" && sum("failed") === 0
process.stdout.write(`${sum("passed")} passed, ${sum("failed") + (isFailedBeside ? 1 : 0)} failed\n`)
