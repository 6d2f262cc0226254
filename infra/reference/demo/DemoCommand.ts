/**
 * `demo`: a thousand orders through their fulfilment, with crashes in the middle and a payment provider that
 * misbehaves. It proves that no command was lost, none was applied twice, and the books balance.
 *
 * Owns the command line and the course: fresh servers, provider and service on temporary data, the workload
 * (DemoWorkload.ts), the kills (DemoDrive.ts), the audit (DemoAudit.ts), the table (DemoReport.ts). Processes
 * and folders end with the scope, also on Ctrl-C.
 */
import { join } from "node:path"
import { Clock, Console, Effect, Random } from "effect"
import { Command, Flag } from "effect/cli"
import { boundedFlag, portFlag } from "../../cli/BoundedFlag.ts"
import { buildConsole } from "../../cli/ConsoleBuild.ts"
import { cleansUp, runProgram } from "../../cli/Program.ts"
import { ProgressBar } from "../../cli/ProgressBar.ts"
import { showServerProgress } from "../../cli/ServerProgress.ts"
import { acquireTemporaryFolder } from "../../cli/TemporaryFolder.ts"
import { acquireServers } from "../../embedded.ts"
import { acquireProvider } from "../payments/ProviderProgram.ts"
import { FLOW_DEFAULT, FLOWS, type Flow } from "../service/Hosted.ts"
import { auditDemo } from "./DemoAudit.ts"
import { drive, settle } from "./DemoDrive.ts"
import { keepOrdering } from "./DemoLoad.ts"
import { acquireDemoNodes } from "./DemoNodes.ts"
import { countAnswers, isWell, reportOf, tableOf } from "./DemoReport.ts"
import { demoWorkload } from "./DemoWorkload.ts"

const ORDERS_DEFAULT = 1_000
const ORDERS_MAX = 1_000_000
const KILLS_DEFAULT = 1
const KILLS_MAX = 1_000
const SEED_DEFAULT = 42
const NODES_MAX = 10

/**
 * How the provider treats all requests, for any card. The shares are so small that the demo still ends in
 * time.
 */
const PROVIDER_MANNERS = ["--error=0.03", "--lost=0.03", "--slow=0.05", "--slow-ms=300", "--hang=0.005"]

/** Most differences that are shown in full. */
const DIFFERENCES_SHOWN_MAX = 20

const MS_PER_SECOND = 1_000

/** Port of the console. */
const PORT_DEFAULT = 3_000

const flags = {
  orders: boundedFlag("orders", 1, ORDERS_MAX, ORDERS_DEFAULT, "Orders to drive"),
  kills: boundedFlag("kills", 0, KILLS_MAX, KILLS_DEFAULT, "How often the service is killed"),
  nodes: boundedFlag("nodes", 1, NODES_MAX, 1, "Service processes; each kill hits one of them"),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription(`The same seed, the same orders (default ${SEED_DEFAULT})`),
    Flag.withDefault(SEED_DEFAULT),
  ),
  flow: Flag.Literals("flow", FLOWS).pipe(
    Flag.withDescription(`How orders are fulfilled: ${FLOWS.join(" or ")} (default ${FLOW_DEFAULT})`),
    Flag.withDefault(FLOW_DEFAULT),
  ),
  console: Flag.Boolean("console").pipe(
    Flag.withDescription(
      "Prints the address of the console, and lets customers order until Ctrl-C; nothing is killed or audited, so of the other flags only --nodes, --seed, --flow and --port count",
    ),
    Flag.withDefault(false),
  ),
  port: portFlag(PORT_DEFAULT, "Port of the console"),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("The result as JSON on stdout; progress stays on stderr"),
    Flag.withDefault(false),
  ),
}

interface DemoInput {
  readonly orders: number
  readonly kills: number
  readonly nodes: number
  readonly seed: number
  readonly flow: Flow
  readonly console: boolean
  readonly port: number
  readonly json: boolean
}

const showDifferences = (differences: ReadonlyArray<string>): void => {
  for (const difference of differences.slice(0, DIFFERENCES_SHOWN_MAX)) console.error(difference)
  const rest = differences.length - DIFFERENCES_SHOWN_MAX
  if (rest > 0) console.error(`... and ${rest} more`)
}

const welcome = (url: string): string =>
  [
    "",
    `  See the system    ${url}/`,
    "",
    "  Customers place orders until Ctrl-C, which also stops the servers and removes their data.",
    "",
  ].join("\n")

/** Servers, provider and service; they end with the scope. */
const acquireDemo = Effect.fnUntraced(function* (
  { nodes, seed, flow }: DemoInput,
  looks: { readonly port?: number; readonly hasConsole?: boolean },
) {
  const folder = yield* acquireTemporaryFolder("demo")
  const servers = yield* acquireServers({ folder, onProgress: showServerProgress(process.stderr) })
  const provider = yield* acquireProvider(join(folder, "provider.jsonl"), [
    ...PROVIDER_MANNERS,
    `--seed=${seed}`,
  ])
  const { natsUrl, postgresUrl } = servers
  const providerUrl = provider.url()
  const options = { natsUrl, postgresUrl, providerUrl, folder, flow, ...looks }
  return { service: yield* acquireDemoNodes(nodes, options), providerUrl }
})

/** Customers order until the demo is interrupted. */
const runConsole = Effect.fnUntraced(function* (input: DemoInput) {
  yield* Effect.promise(() => buildConsole(process.stderr))
  const { service } = yield* acquireDemo(input, { port: input.port, hasConsole: true })
  yield* Console.log(welcome(service.url()))
  return yield* keepOrdering(service.url, input.seed)
}, Effect.scoped)

const runAudited = Effect.fnUntraced(function* (input: DemoInput) {
  const { orders, kills, nodes, seed, json } = input
  const { service, providerUrl } = yield* acquireDemo(input, {})
  const workload = yield* demoWorkload(orders, seed)

  const startedMs = yield* Clock.currentTimeMillis
  const answers = yield* drive(workload, service, kills).pipe(Random.withSeed(seed))
  const placed = workload.scripts.filter(({ isOrder }) => isOrder).map(({ orderId }) => orderId)
  yield* settle(placed, service.url)
  const auditBar = new ProgressBar(process.stderr, "audited", workload.scripts.length)
  const audit = yield* auditDemo({ serviceUrl: service.url(), providerUrl, workload, answers }, () =>
    auditBar.step(),
  )
  auditBar.end()
  const seconds = ((yield* Clock.currentTimeMillis) - startedMs) / MS_PER_SECOND

  const report = reportOf(answers, audit, { nodes, kills, seconds })
  yield* Console.log(json ? JSON.stringify(report) : `\n${tableOf(report, answers)}`)
  const differences = [
    ...audit.differences,
    ...countAnswers(answers).newTwice.map((name) => `${name} was acknowledged as new more than once`),
  ]
  showDifferences(differences)
  if (!isWell(report) || differences.length > 0) process.exitCode = 1
}, Effect.scoped)

const command = Command.make("demo", flags, (input) =>
  input.console ? runConsole(input) : runAudited(input),
).pipe(
  Command.withDescription(
    "Drives orders through their fulfilment over HTTP, kills the service in the middle, and proves that nothing was lost, nothing happened twice, and money and stock balance to the last unit. With --console the orders go on until Ctrl-C, for a look at the console.",
  ),
)

/** Runs to its end or until a signal. */
export const demo = (): void => {
  // Ctrl-C is how a look at the console ends, and no failure.
  const signalExitCode = process.argv.includes("--console") ? 0 : cleansUp.signalExitCode
  runProgram(command, { ...cleansUp, signalExitCode })
}
