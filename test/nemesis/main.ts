/**
 * `npm run nemesis -- --minutes N --seed S`: a cluster of processes on this machine under attack.
 *
 * Progress goes to stderr, the report to stdout. Exits 1 on a violation. What a run is: Nemesis.ts.
 */
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { barOf } from "../../infra/cli/ProgressBar.ts"
import { showServerProgress } from "../../infra/cli/ServerProgress.ts"
import { runNemesis } from "./Nemesis.ts"
import { ATTACK_KINDS, type AttackKind, planOf } from "./Plan.ts"
import { reportText } from "./Report.ts"

const MS_PER_MINUTE = 60_000

const HELP = `Usage: npm run nemesis -- [options]

Starts NATS, Postgres and nodes as processes, keeps asking 200 actors, and breaks one thing after the other. In the end
every answer must fit what is stored: nothing acknowledged lost, nothing applied twice, histories linearizable.

  --minutes N     how long, default 10
  --seed S        which attacks, in which order, default 1
  --nodes N       nodes, default 3
  --nats 1|3      NATS servers, default 1; with 3 all streams have three replicas
  --attacks A,B   only these: ${ATTACK_KINDS.join(", ")}
  --actors N      actors that are asked, default 200
  --lanes N       clients, one request at a time each, default 240
  --pause N       mean pause of a client between two requests, in milliseconds, default 250
  --json FILE     writes the whole report, too
  --help          this text
`

const numberOf = (name: string, text: string, isValid: (value: number) => boolean): number => {
  const value = Number(text)
  if (!isValid(value)) throw new Error(`--${name} ${text}: not possible`)
  return value
}

const isCount = (value: number): boolean => Number.isInteger(value) && value > 0

const optionsFrom = (args: ReadonlyArray<string>) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      nodes: { type: "string", default: "3" },
      nats: { type: "string", default: "1" },
      attacks: { type: "string", default: ATTACK_KINDS.join(",") },
      actors: { type: "string", default: "200" },
      lanes: { type: "string", default: "240" },
      pause: { type: "string", default: "250" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  const kinds = values.attacks.split(",") as Array<AttackKind>
  const unknown = kinds.find((kind) => !ATTACK_KINDS.includes(kind))
  if (unknown !== undefined) throw new Error(`--attacks ${unknown}: there is no such attack`)
  const nodeCount = numberOf("nodes", values.nodes, isCount)
  const natsCount = numberOf("nats", values.nats, (value) => value === 1 || value === 3) as 1 | 3
  const seed = numberOf("seed", values.seed, Number.isInteger)
  return {
    isHelp: values.help,
    jsonFile: values.json,
    run: {
      seed,
      nodeCount,
      natsCount,
      attacks: planOf(seed, nodeCount, kinds),
      durationMs: numberOf("minutes", values.minutes, (value) => value > 0) * MS_PER_MINUTE,
      actorCount: numberOf("actors", values.actors, isCount),
      laneCount: numberOf("lanes", values.lanes, isCount),
      pauseMs: numberOf("pause", values.pause, isCount),
    },
  }
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
  const { run, jsonFile } = options
  // What the viewing node logs joins the progress.
  console.log = console.error
  const report = await runNemesis({
    ...run,
    onProgress: showServerProgress(process.stderr),
    onStep: (what, elapsedMs) => {
      const share = Math.min(1, elapsedMs / run.durationMs)
      process.stderr.write(`${barOf(share)} ${(elapsedMs / 1_000).toFixed(0).padStart(4)} s  ${what}\n`)
    },
  })
  process.stdout.write(`${reportText(report)}\n`)
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(report, undefined, 2)}\n`)
  return report.violations.length === 0 ? 0 : 1
}

process.exit(await main())
