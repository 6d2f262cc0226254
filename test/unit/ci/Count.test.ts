/** The last lines of continuous integration: what failed, and all runs in one count, never a better one than is true. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"

const script = join(import.meta.dirname, "../../../.ci/count.mjs")

const report = (passed: number, failed: number, brokenFileCount = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  testResults: [
    { status: "passed", assertionResults: [{ status: "passed" }] },
    ...Array.from({ length: failed }, () => ({
      status: "failed",
      name: join(process.cwd(), "test/unit/Some.test.ts"),
      assertionResults: [{ status: "failed", fullName: "holds", failureMessages: ["it did not"] }],
    })),
    ...Array.from({ length: brokenFileCount }, () => ({
      status: "failed",
      name: join(process.cwd(), "test/unit/Broken.test.ts"),
      assertionResults: [],
      message: "Cannot find module",
    })),
  ],
})

/** What is counted of runs that ended with `status`; a report is given as it is, or as the text of its file. */
const count = (status: number, ...reports: ReadonlyArray<object | string>): string => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-count-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const files = reports.map((content, index) => {
    const file = join(folder, `${index}.json`)
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content))
    return file
  })
  const args = [script, String(status), ...files, join(folder, "never-written.json")]
  return execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
}

it.each([
  ["two runs that passed", 0, [report(2_000, 0), report(577, 0)], "2577 passed, 0 failed\n"],
  ["failures of both runs", 1, [report(1_999, 1), report(573, 4)], "2572 passed, 5 failed\n"],
  ["a file that could not be loaded", 1, [report(10, 0, 1), report(5, 0)], "15 passed, 1 failed\n"],
  ["a step that failed beside the tests", 1, [report(10, 0), report(5, 0)], "15 passed, 1 failed\n"],
  ["a run that never came to its tests", 1, [], "0 passed, 1 failed\n"],
  ["a report that was cut", 1, [report(10, 0), '{"numPassed'], "10 passed, 1 failed\n"],
  ["one run where no newer server is to be had", 0, [report(10, 0)], "10 passed, 0 failed\n"],
])("counts %s", (_, status, reports, line) => {
  expect(
    count(status, ...reports)
      .split("\n")
      .slice(-2)
      .join("\n"),
  ).toBe(line)
})

it("names each failure before the count", () => {
  expect(count(1, report(1, 1, 1))).toBe(
    [
      "FAILED test/unit/Some.test.ts > holds\nit did not\n\n",
      "FAILED test/unit/Broken.test.ts > the file itself\nCannot find module\n\n",
      "1 passed, 2 failed\n",
    ].join(""),
  )
})
