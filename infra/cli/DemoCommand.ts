/**
 * `demo`: a thousand orders through the HTTP API, a crash of the service in the middle, and the proof that nothing was
 * lost and nothing happened twice.
 *
 * Owns the course of it: fresh servers and a service on temporary data, the workload (DemoWorkload.ts), the kill -9,
 * the audit (DemoAudit.ts), the table. Everything ends with the scope, also on Ctrl-C: no process, no folder.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Clock, Console, Effect, Fiber, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { acquireServers } from "../embedded.ts"
import { auditDemo } from "./DemoAudit.ts"
import { type Answered, sendUntilAnswered } from "./DemoClient.ts"
import { acquireDemoService, type DemoService, type ServiceFailed } from "./DemoService.ts"
import { demoWorkload, type OrderScript } from "./DemoWorkload.ts"
import { runProgram } from "./Program.ts"
import { ProgressBar } from "./ProgressBar.ts"
import { showServerProgress } from "./ServerProgress.ts"

const ORDERS_DEFAULT = 1_000
const ORDERS_MAX = 1_000_000
const SEED_DEFAULT = 42

/** Customers at once. */
const CONCURRENCY = 16

/** Share of the orders after which the service is killed. */
const CRASH_AT_SHARE = 0.5

/** Differences that are shown in full. */
const DIFFERENCES_SHOWN_MAX = 20

const EXIT_INTERRUPTED = 130
const MS_PER_SECOND = 1_000

/** What `--json` prints: `sent` = `accepted` + `rejected` + `deduplicated`. */
interface DemoReport {
  /** Answers, repeats included; attempts that got none are not counted. */
  readonly sent: number
  /** Commands that were acknowledged, each once. */
  readonly accepted: number
  readonly rejected: number
  /** Further acknowledgements of a command, which say that it had been applied before. */
  readonly deduplicated: number
  readonly events: number
  readonly readModelRows: number
  readonly lost: number
  readonly duplicated: number
  readonly seconds: number
}

const flags = {
  orders: Flag.Int("orders").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: ORDERS_MAX }))),
    Flag.withDescription(`Orders to drive (default ${ORDERS_DEFAULT})`),
    Flag.withDefault(ORDERS_DEFAULT),
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription(`The same seed, the same orders (default ${SEED_DEFAULT})`),
    Flag.withDefault(SEED_DEFAULT),
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("The result as JSON on stdout; progress stays on stderr"),
    Flag.withDefault(false),
  ),
}

/** A folder that is gone with the scope. */
const acquireFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "everstate-demo-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true, maxRetries: 10 })),
)

/** Kills the service once enough orders are through, with requests in the air, and starts it again. */
const crash = (service: DemoService, bar: ProgressBar): Effect.Effect<void, ServiceFailed> =>
  Effect.gen(function* () {
    bar.say(`kill -9 ${service.pid() ?? ""}: the service is gone, its clients try again`)
    yield* service.kill
    yield* service.start
    bar.say(`the service is back as process ${service.pid() ?? ""}`)
  })

const drive = Effect.fnUntraced(function* (scripts: ReadonlyArray<OrderScript>, service: DemoService) {
  const bar = new ProgressBar(process.stderr, "orders", scripts.length)
  const crashAfter = Math.floor(scripts.length * CRASH_AT_SHARE)
  const answers: Array<Answered> = []
  let startedCount = 0
  const crashes: Array<Fiber.Fiber<void, ServiceFailed>> = []

  const runScript = Effect.fnUntraced(function* ({ steps }: OrderScript) {
    startedCount += 1
    if (startedCount === crashAfter + 1) crashes.push(yield* Effect.forkScoped(crash(service, bar)))
    for (const step of steps) {
      const outcomes = yield* Effect.forEach(step, (sending) => sendUntilAnswered(service.url, sending), {
        concurrency: "unbounded",
      })
      answers.push(...outcomes)
    }
    bar.step()
  })

  yield* Effect.forEach(scripts, runScript, { concurrency: CONCURRENCY, discard: true })
  yield* Fiber.joinAll(crashes)
  bar.end()
  return answers
})

interface AnswerCounts {
  readonly accepted: number
  readonly rejected: number
  readonly deduplicated: number
  /** Of the accepted: stored before the crash, acknowledged after it. */
  readonly answeredLate: number
  /** Acknowledged as new more than once. */
  readonly newTwice: ReadonlyArray<string>
}

const countAnswers = (answers: ReadonlyArray<Answered>): AnswerCounts => {
  const acknowledged = answers.filter(({ outcome }) => outcome.kind !== "rejected")
  const byCommand = [...Map.groupBy(acknowledged, ({ sending }) => `${sending.orderId} ${sending.key}`)]
  const newCount = (ofOne: ReadonlyArray<Answered>) =>
    ofOne.filter(({ outcome }) => outcome.kind === "accepted").length
  return {
    accepted: byCommand.length,
    rejected: answers.length - acknowledged.length,
    deduplicated: acknowledged.length - byCommand.length,
    answeredLate: byCommand.filter(([, ofOne]) => newCount(ofOne) === 0).length,
    newTwice: byCommand.filter(([, ofOne]) => newCount(ofOne) > 1).map(([command]) => command),
  }
}

/** How often each reason was given, most frequent first. */
const rejectionsByReason = (answers: ReadonlyArray<Answered>): ReadonlyArray<readonly [string, number]> => {
  const counts = new Map<string, number>()
  for (const { outcome } of answers) {
    if (outcome.kind === "rejected") counts.set(outcome.reason, (counts.get(outcome.reason) ?? 0) + 1)
  }
  return [...counts].sort(([a, countA], [b, countB]) => countB - countA || a.localeCompare(b))
}

const table = (report: DemoReport, answeredLate: number, answers: ReadonlyArray<Answered>): string => {
  const reasons = rejectionsByReason(answers)
  const rows: ReadonlyArray<readonly [string, number]> = [
    ["sent", report.sent],
    ["accepted", report.accepted],
    ["  stored before the crash, answered after", answeredLate],
    ["rejected", report.rejected],
    ...reasons.map(([reason, count]) => [`  ${reason}`, count] as const),
    ["deduplicated", report.deduplicated],
    ["events", report.events],
    ["read-model rows", report.readModelRows],
    ["lost", report.lost],
    ["duplicated", report.duplicated],
    ["seconds", report.seconds],
  ]
  const nameWidth = Math.max(...rows.map(([name]) => name.length))
  const valueWidth = Math.max(...rows.map(([, value]) => String(value).length))
  return rows
    .map(([name, value]) => `${name.padEnd(nameWidth)}  ${String(value).padStart(valueWidth)}`)
    .join("\n")
}

const showDifferences = (differences: ReadonlyArray<string>): void => {
  for (const difference of differences.slice(0, DIFFERENCES_SHOWN_MAX)) console.error(difference)
  const rest = differences.length - DIFFERENCES_SHOWN_MAX
  if (rest > 0) console.error(`... and ${rest} more`)
}

interface DemoInput {
  readonly orders: number
  readonly seed: number
  readonly json: boolean
}

const run = Effect.fnUntraced(function* (input: DemoInput) {
  const folder = yield* acquireFolder
  const servers = yield* acquireServers({ folder, onProgress: showServerProgress(process.stderr) })
  const service = yield* acquireDemoService(servers)
  const scripts = yield* demoWorkload(input.orders, input.seed)

  const startedMs = yield* Clock.currentTimeMillis
  const answers = yield* drive(scripts, service)
  const auditBar = new ProgressBar(process.stderr, "audit ", scripts.length)
  const audit = yield* auditDemo(service.url(), scripts, answers, () => auditBar.step())
  auditBar.end()
  const seconds = ((yield* Clock.currentTimeMillis) - startedMs) / MS_PER_SECOND

  const { accepted, rejected, deduplicated, answeredLate, newTwice } = countAnswers(answers)
  const report: DemoReport = {
    sent: answers.length,
    accepted,
    rejected,
    deduplicated,
    events: audit.events,
    readModelRows: audit.readModelRows,
    lost: audit.lost,
    duplicated: audit.duplicated,
    seconds,
  }
  yield* Console.log(input.json ? JSON.stringify(report) : `\n${table(report, answeredLate, answers)}`)
  const differences = [
    ...audit.differences,
    ...newTwice.map((commandName) => `${commandName} was acknowledged as new more than once`),
  ]
  showDifferences(differences)
  if (report.lost > 0 || report.duplicated > 0 || differences.length > 0) process.exitCode = 1
}, Effect.scoped)

const command = Command.make("demo", flags, run).pipe(
  Command.withDescription(
    "Drives orders through the HTTP API, kills the service in the middle, and proves that nothing was lost and nothing happened twice.",
  ),
)

/** Runs to its end or until a signal. */
export const demo = (): void => {
  runProgram(command, {
    signalExitCode: EXIT_INTERRUPTED,
    onSignal: () => console.error("\nCleaning up; once more to leave at once."),
  })
}
