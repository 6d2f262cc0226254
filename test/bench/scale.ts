/**
 * `npm run scale`: what the number of actors costs. Fills one journal with ten thousand actors and another with a million,
 * ten commits each, and measures both in turn. Takes minutes and, for a million actors, 6 GB of disk. Progress goes to
 * stderr, the table to stdout. The measured table: docs/BENCHMARKS.md.
 */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { ActorSystem } from "../../infra/everstate.ts"
import { publishTo } from "../../infra/nats/connection/PubAck.ts"
import { mailboxSubjectsOf } from "../../infra/nats/mailbox/MailboxSubject.ts"
import { shardSlot } from "../../runtime/cluster/Slot.ts"
import { timerMark } from "../../runtime/outbox/TimerMarks.ts"
import { SYSTEM_DEFAULTS } from "../../runtime/system/SystemSettings.ts"
import { Account, accountAddress, markedCommit } from "./Account.ts"
import { payments } from "./AskThroughput.ts"
import { thisMachine } from "./Machine.ts"
import { load, quantile } from "./Measure.ts"
import { FILL_IN_FLIGHT, openRawJournal, type RawJournal } from "./RawJournal.ts"
import { Stage } from "./Stage.ts"
import { machineText } from "./Table.ts"

const NAMESPACE = "everstate"
const COMMITS_PER_ACTOR = 10
const IN_FLIGHT = 256
const MEASURE_MS = 4_000
/** Actors that are brought into memory, one at a time. */
const ACTIVATION_COUNT = 2_000

const HELP = `Usage: npm run scale -- [options]

  --few N     actors of the smaller journal, default 10,000
  --many N    actors of the larger journal, default 1,000,000
  --help      this text
`

/** Sequences by which the marks of timers are behind the end of the journal; nodes place a mark at least this often. */
const MARKS_BEHIND = 100_000

interface Figures {
  readonly [what: string]: string
}

const thousands = (count: number): string => Math.round(count).toLocaleString("en")

/** Resident memory of a process, in MB. Linux alone. */
const residentMb = (pid: number): number =>
  (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4_096) / 1024 / 1024

/** Places the marks that nodes would have placed while the journal was filled. */
const placeTimerMarks = async ({ connection }: RawJournal, end: number): Promise<void> => {
  const { sentinels } = mailboxSubjectsOf(NAMESPACE)
  for (let shard = 0; shard < SYSTEM_DEFAULTS.shardCount; shard++) {
    const { name } = timerMark(shardSlot(undefined, shard), Math.max(0, end - MARKS_BEHIND), "bench")
    const headers = {
      "Nats-Schedule": "@at 2126-01-01T00:00:00Z",
      "Nats-Schedule-Target": sentinels.due(shard),
    }
    const placing = publishTo(connection.requests, sentinels.ofName(shard, name), new Uint8Array(), headers)
    await Effect.runPromise(placing)
  }
}

const measure = async (stage: Stage, actorCount: number): Promise<Figures> => {
  const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
  const options = { nats, postgres, actors: [Account], directory: false }
  await (await ActorSystem.start(options)).stop()
  const emptyMb = residentMb(server.pid ?? 0)

  const raw = await openRawJournal(nats, NAMESPACE)
  const subjects = Array.from({ length: actorCount }, (_, index) =>
    raw.subjectOf(accountAddress(`scale-${index}`)),
  )
  let lasts: ReadonlyArray<number> = []
  let lastRoundMs = 0
  for (let version = 1; version <= COMMITS_PER_ACTOR; version++) {
    stage.say(`${thousands(actorCount)} actors: commit ${version} of ${COMMITS_PER_ACTOR}`)
    const before = lasts
    const firstOfRound = (version - 1) * actorCount
    const startMs = performance.now()
    lasts = await raw.fill(actorCount, (index) => ({
      subject: subjects[index] as string,
      after: before[index] ?? 0,
      // Nothing is sent, so everything that is stored is settled. A node that starts reads what is above the mark.
      data: markedCommit(version, Math.max(0, firstOfRound + index - 2 * FILL_IN_FLIGHT)),
    }))
    lastRoundMs = performance.now() - startMs
  }
  await placeTimerMarks(raw, actorCount * COMMITS_PER_ACTOR)
  await raw.close()
  const fullMb = residentMb(server.pid ?? 0)

  stage.say(`${thousands(actorCount)} actors: starting a node`)
  const startMs = performance.now()
  const system = await ActorSystem.start(options)
  const startedMs = performance.now() - startMs
  const startedMb = residentMb(server.pid ?? 0)
  const activationsUs: Array<number> = []
  for (let count = 0; count < ACTIVATION_COUNT; count++) {
    // A stride that shares no factor with the number of actors: neighbours are far apart.
    const id = `scale-${(count * 7_919) % actorCount}`
    const beganMs = performance.now()
    const { version } = await system.get(Account, id).state()
    activationsUs.push((performance.now() - beganMs) * 1000)
    if (version !== COMMITS_PER_ACTOR) throw new Error(`${id} came back at version ${version}`)
  }
  const activatedMb = residentMb(server.pid ?? 0)
  const asks = payments(system)
  await load(IN_FLIGHT, MEASURE_MS / 2, asks)
  const { perSecond } = await load(IN_FLIGHT, MEASURE_MS, asks)
  await system.stop()
  return {
    actors: thousands(actorCount),
    "raw appends/s at the end": thousands((actorCount / lastRoundMs) * 1000),
    "start of a node, ms": thousands(startedMs),
    "first activation, µs": thousands(activationsUs[0] ?? 0),
    "activation, µs p50": thousands(quantile(activationsUs, 0.5)),
    "activation, µs p99": thousands(quantile(activationsUs, 0.99)),
    "commands/s to 256 actors": thousands(perSecond),
    "nats-server, empty, MB": thousands(emptyMb),
    "nats-server after it was filled, MB": thousands(fullMb),
    "the same after the start, MB": thousands(startedMb),
    "the same after the activations, MB": thousands(activatedMb),
    "bytes of memory for each actor": thousands(((fullMb - emptyMb) * 1024 * 1024) / actorCount),
  }
}

const tableOf = (few: Figures, many: Figures): string =>
  Object.keys(few)
    .map((what, index) => {
      const row = `| ${what} | ${few[what]} | ${many[what]} |`
      return index === 0 ? `${row}\n|---|---:|---:|` : row
    })
    .join("\n")

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      few: { type: "string", default: "10000" },
      many: { type: "string", default: "1000000" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const [fewCount, manyCount] = [Number(values.few), Number(values.many)]
  if (!(Number.isSafeInteger(fewCount) && Number.isSafeInteger(manyCount) && fewCount > 0 && manyCount > 0)) {
    throw new RangeError(`--few ${values.few} --many ${values.many}: give whole numbers above 0`)
  }
  console.log = console.error
  const stage = new Stage(0)
  process.once("SIGINT", () => void stage.clear().finally(() => process.exit(130)))
  process.once("SIGTERM", () => void stage.clear().finally(() => process.exit(143)))
  try {
    const few = await measure(stage, fewCount)
    const many = await measure(stage, manyCount)
    const machine = thisMachine(stage.versions ?? { nats: "none", postgres: "none" })
    process.stdout.write(`${tableOf(few, many)}\n\n${machineText(machine)}\n`)
  } finally {
    await stage.clear()
  }
}

await main()
process.exit(0)
