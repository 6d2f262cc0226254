/**
 * `npm run bench -- [--json FILE] [--only NAME] [--seconds N]`: every figure next to its ceiling, measured in the same
 * run. Progress goes to stderr, the table to stdout. What each row means: docs/BENCHMARKS.md.
 */
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { activation } from "./Activation.ts"
import { appendCeiling } from "./AppendCeiling.ts"
import { askLatency } from "./AskLatency.ts"
import { askFresh, askThroughput, askThroughputSynced } from "./AskThroughput.ts"
import { askTraced } from "./AskTraced.ts"
import { clusterAsk } from "./ClusterAsk.ts"
import { clusterLocal } from "./ClusterLocal.ts"
import { clusterRebalance, clusterRolling, clusterTakeover } from "./ClusterMoves.ts"
import { directoryRate } from "./DirectoryRate.ts"
import { durability } from "./Durability.ts"
import { hotActor } from "./HotActor.ts"
import { invokeThroughput } from "./InvokeThroughput.ts"
import { type Machine, thisMachine } from "./Machine.ts"
import type { Row } from "./Measure.ts"
import { messageRemote } from "./MessageRemote.ts"
import { messageThroughput } from "./MessageThroughput.ts"
import { projectionRate } from "./ProjectionRate.ts"
import { recovery } from "./Recovery.ts"
import { residentMemory } from "./ResidentMemory.ts"
import { sagaThroughput, sagaThroughputSynced } from "./SagaThroughput.ts"
import { type Bench, Stage } from "./Stage.ts"
import { machineText, tableText } from "./Table.ts"
import { tellThroughput } from "./TellThroughput.ts"
import { timerCapacity } from "./TimerCapacity.ts"
import { watchDelivery } from "./WatchDelivery.ts"

const BENCHES: ReadonlyArray<Bench> = [
  appendCeiling,
  askThroughput,
  askThroughputSynced,
  askFresh,
  askLatency,
  askTraced,
  hotActor,
  recovery,
  activation,
  projectionRate,
  directoryRate,
  tellThroughput,
  messageThroughput,
  messageRemote,
  sagaThroughput,
  sagaThroughputSynced,
  invokeThroughput,
  timerCapacity,
  residentMemory,
  watchDelivery,
  durability,
  clusterAsk,
  clusterLocal,
  clusterTakeover,
  clusterRolling,
  clusterRebalance,
]

const SECONDS_DEFAULT = 6

const HELP = `Usage: npm run bench -- [options]

  --only NAME     one bench, or all whose names start with NAME: ${BENCHES.map(({ name }) => name).join(", ")}
  --seconds N     measuring time per row and side, default ${SECONDS_DEFAULT}
  --json FILE     writes { machine, rows: [{ name, value, unit, ceiling, ratio, ... }] }, too
  --help          this text
`

const optionsFrom = (args: ReadonlyArray<string>) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      seconds: { type: "string", default: String(SECONDS_DEFAULT) },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  const { only = "" } = values
  const seconds = Number(values.seconds)
  if (!(seconds > 0)) throw new Error(`--seconds ${values.seconds}: give a number above 0`)
  const exact = BENCHES.filter(({ name, rows }) => [name, ...rows].includes(only))
  const benches = exact.length > 0 ? exact : BENCHES.filter(({ name }) => name.startsWith(only))
  if (benches.length === 0) throw new Error(`--only ${only}: no such bench`)
  return { benches, seconds, jsonFile: values.json, isHelp: values.help }
}

/** The rows of all benches that could be measured, and how many could not. */
const runAll = async (stage: Stage, benches: ReadonlyArray<Bench>) => {
  const rows: Array<Row> = []
  let failedCount = 0
  for (const [index, bench] of benches.entries()) {
    stage.say(`${index + 1}/${benches.length} ${bench.name}`)
    try {
      const measured = await bench.run(stage)
      rows.push(...measured.map((row) => ({ servers: stage.serversText, ...row })))
    } catch (error) {
      failedCount++
      console.error(`bench: ${bench.name} failed, and the others go on:`, error)
    }
  }
  return { rows, failedCount }
}

const report = (rows: ReadonlyArray<Row>, machine: Machine, jsonFile: string | undefined): void => {
  process.stdout.write(`${tableText(rows)}\n\n${machineText(machine)}\n`)
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify({ machine, rows }, null, 2)}\n`)
}

const main = async (): Promise<number> => {
  let options: ReturnType<typeof optionsFrom>
  try {
    options = optionsFrom(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
    return 2
  }
  if (options.isHelp) {
    process.stdout.write(HELP)
    return 0
  }
  // Logs of the systems under test join the progress: the table alone goes to stdout.
  console.log = console.error
  const stage = new Stage(options.seconds)
  const leave = (code: number) => () => void stage.clear().finally(() => process.exit(code))
  process.once("SIGINT", leave(130))
  process.once("SIGTERM", leave(143))
  try {
    const { rows, failedCount } = await runAll(stage, options.benches)
    report(rows, thisMachine(stage.versions ?? { nats: "none", postgres: "none" }), options.jsonFile)
    return failedCount === 0 ? 0 : 1
  } finally {
    await stage.clear()
  }
}

process.exit(await main())
