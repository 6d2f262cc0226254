/**
 * One run of vitest in a tree: whether all tests passed, and if not, which one failed first.
 *
 * Owns the child process and its time limit: a bug may make a test wait for ever, so the whole process group is ended.
 */
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"

export interface TestRun {
  readonly root: string
  /** Arguments of `vitest run`: projects, files, filters. */
  readonly args: ReadonlyArray<string>
  /** After this the run is ended, and counts as failed. */
  readonly limitMs: number
}

export interface TestFailure {
  /** File of the failed test from the tree's root; undefined where the run was ended for its time. */
  readonly file: string | undefined
  readonly test: string
}

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly fullName: string }>
  }>
}

const firstFailureOf = (report: Report, root: string): TestFailure | undefined => {
  const failures = report.testResults
    .filter(({ status }) => status === "failed")
    .map(({ name, assertionResults }) => ({
      file: relative(root, name),
      test: assertionResults.find(({ status }) => status === "failed")?.fullName,
    }))
  // A file that the first failure left out is reported as failed, too, and so is one that cannot be loaded.
  const [first] = [...failures.filter(({ test }) => test !== undefined), ...failures]
  return first && { file: first.file, test: first.test ?? "the file cannot be loaded" }
}

/** Ends a process and all that it started. */
const endGroup = (pid: number): void => {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    return // it has ended by itself
  }
}

/** Runs the tests until the first failure; undefined where all passed. */
export const runTests = async ({ root, args, limitMs }: TestRun): Promise<TestFailure | undefined> => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-mutants-report-"))
  const reportFile = join(folder, "report.json")
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs")
  const env = { ...process.env, TEST_REPORT_FILE: reportFile }
  const child = spawn(process.execPath, [vitest, "run", "--bail=1", "--cache=false", ...args], {
    cwd: root,
    env,
    stdio: "ignore",
    detached: true,
  })
  const pid = child.pid ?? 0
  let isOver = false
  const limit = setTimeout(() => {
    isOver = true
    endGroup(pid)
  }, limitMs)
  const stop = () => {
    endGroup(pid)
    rmSync(folder, { recursive: true, force: true })
  }
  process.once("exit", stop)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject)
      child.once("exit", resolve)
    })
    if (isOver) return { file: undefined, test: `not over after ${Math.round(limitMs / 1_000)} s` }
    if (code === 0) return undefined
    const report = existsSync(reportFile)
      ? (JSON.parse(readFileSync(reportFile, "utf8")) as Report)
      : undefined
    const failure = report && firstFailureOf(report, root)
    return failure ?? { file: undefined, test: `vitest ended with ${code} and without a report` }
  } finally {
    clearTimeout(limit)
    process.off("exit", stop)
    rmSync(folder, { recursive: true, force: true })
  }
}
