/**
 * `cluster`: servers and several nodes on this machine. It shows which node owns which slot, and what happens
 * when nodes come and go.
 *
 * Owns the command line and the course: servers, nodes (ClusterNodes.ts), a small load (ClusterLoad.ts),
 * reading the status (ClusterView.ts), showing it (ClusterTable.ts), and verbs from keys or a script
 * (ClusterScript.ts). Processes and folders end with the scope.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Console, Effect, Option, Queue, type Scope } from "effect"
import { Command, Flag } from "effect/cli"
import { boundedFlag } from "../../cli/BoundedFlag.ts"
import { cleansUp, runProgram } from "../../cli/Program.ts"
import { showServerProgress } from "../../cli/ServerProgress.ts"
import { acquireTemporaryFolder } from "../../cli/TemporaryFolder.ts"
import { acquireNatsCluster, acquirePostgres, acquireServers } from "../../embedded.ts"
import { acquireProvider } from "../payments/ProviderProgram.ts"
import { makeClusterLoad } from "./ClusterLoad.ts"
import { makeClusterNodes } from "./ClusterNodes.ts"
import { driveOrders } from "./ClusterOrders.ts"
import {
  type ClusterVerb,
  type InvalidScript,
  KeyReader,
  parseScript,
  SCRIPT_STEPS,
} from "./ClusterScript.ts"
import { summaryOf } from "./ClusterSummary.ts"
import { EVENTS_SHOWN, lineOf, type Picture, tableOf } from "./ClusterTable.ts"
import { changesBetween, isSettled, lookAt, type SeenCluster } from "./ClusterView.ts"

const NODES_DEFAULT = 3
const NODES_MAX = 20
const LOAD_DEFAULT = 20
const LOAD_MAX = 1_000
const ORDERS_MAX = 100_000

/** Pause between two looks, in milliseconds. */
const LOOK_EVERY_MS = 500
/** Without a terminal, one line is printed for this many looks. */
const LOOKS_PER_LINE = 4
/** Longest wait of `settle`, in milliseconds. */
const SETTLE_MS_MAX = 60_000
const MS_PER_SECOND = 1_000

const flags = {
  nodes: boundedFlag("nodes", 1, NODES_MAX, NODES_DEFAULT, "Nodes to begin with"),
  nats: Flag.Literals("nats", ["1", "3"] as const).pipe(
    Flag.withDescription("nats-servers: one, or three that keep everything three times (default 1)"),
    Flag.withDefault("1" as const),
  ),
  load: boundedFlag("load", 0, LOAD_MAX, LOAD_DEFAULT, "Commands a second in the background, 0 for none"),
  orders: boundedFlag("orders", 0, ORDERS_MAX, 0, "Orders to drive through their fulfilment meanwhile"),
  script: Flag.String("script").pipe(
    Flag.withDescription(
      `Steps to run instead of keys, as in "settle; kill 1; settle; quit". Steps: ${SCRIPT_STEPS}`,
    ),
    Flag.optional,
  ),
  json: Flag.File("json", { mustExist: false }).pipe(
    Flag.withDescription("File for a summary at the end"),
    Flag.optional,
  ),
}

interface ClusterInput {
  readonly nodes: number
  readonly nats: "1" | "3"
  readonly load: number
  readonly orders: number
  readonly script: Option.Option<string>
  readonly json: Option.Option<string>
}

const acquireBackends = Effect.fnUntraced(function* (folder: string, nats: ClusterInput["nats"]) {
  const onProgress = showServerProgress(process.stderr)
  if (nats === "1") {
    const { natsUrl, postgresUrl } = yield* acquireServers({ folder, onProgress })
    return { natsUrl, postgresUrl }
  }
  const [three, postgres] = yield* Effect.all(
    [
      // Three copies of all data are on this one disk: syncing each of them proves nothing and takes time.
      acquireNatsCluster({ folder: join(folder, "nats"), syncAlways: false, onProgress }),
      acquirePostgres({ folder: join(folder, "postgres"), onProgress }),
    ],
    { concurrency: "unbounded" },
  )
  return { natsUrl: three.urls.join(","), postgresUrl: postgres.url }
})

/** Turns keys into verbs until the scope ends; the terminal is then as it was before. */
const acquireKeys = (reader: KeyReader): Effect.Effect<Queue.Queue<ClusterVerb>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const verbs = yield* Queue.unbounded<ClusterVerb>()
    const { stdin } = process
    const onData = (data: Buffer) => {
      for (const key of data.toString()) {
        // A raw terminal sends no signal for Ctrl-C.
        if (key === "\x03") process.kill(process.pid, "SIGINT")
        const verb = reader.read(key)
        if (verb !== undefined) Queue.offerUnsafe(verbs, verb)
      }
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        stdin.setRawMode(true).resume().on("data", onData)
      }),
      () =>
        Effect.sync(() => {
          stdin.off("data", onData).setRawMode(false).pause()
        }),
    )
    return verbs
  })

const scriptOf = (text: string): Effect.Effect<ReadonlyArray<ClusterVerb>, InvalidScript> =>
  Effect.try({ try: () => parseScript(text), catch: (cause) => cause as InvalidScript })

const run = Effect.fnUntraced(function* (input: ClusterInput) {
  const script = Option.isSome(input.script) ? yield* scriptOf(input.script.value) : undefined
  const isTerminal = process.stdout.isTTY === true && process.stdin.isTTY === true
  if (script === undefined && !isTerminal) {
    process.exitCode = 1
    return yield* Console.error("There is no terminal to read keys from: say what to do with --script.")
  }
  const folder = yield* acquireTemporaryFolder("cluster")
  const backends = yield* acquireBackends(folder, input.nats)
  const provider = yield* acquireProvider(join(folder, "provider.jsonl"))
  const startedMs = performance.now()
  const events: Array<{ readonly atMs: number; readonly text: string }> = []
  const isDrawn = isTerminal
  const say = (text: string): void => {
    const atMs = performance.now() - startedMs
    events.push({ atMs, text })
    if (!isDrawn) console.log(`${(atMs / MS_PER_SECOND).toFixed(2)} s | ${text}`)
  }
  const nodes = yield* makeClusterNodes({ ...backends, providerUrl: provider.url(), folder }, say)
  const keys = new KeyReader(() => nodes.all().length)
  let seen: SeenCluster | undefined
  const orders = { done: 0, total: 0 }

  // The first node makes the streams; the other nodes find them.
  yield* nodes.add
  yield* Effect.all(
    Array.from({ length: input.nodes - 1 }, () => nodes.add),
    { concurrency: 2, discard: true },
  )
  const load = yield* makeClusterLoad(input.load, nodes.someUrl)

  const picture = (): Picture => ({
    title: `${nodes.all().length} nodes on ${input.nats} nats-server${input.nats === "1" ? "" : "s"}`,
    nodes: nodes
      .all()
      .map(({ number, name, pid, state }) => ({ number, name, pid: pid(), process: state() })),
    seen,
    load: load.recent(),
    orders,
    events: events
      .slice(-EVENTS_SHOWN)
      .map(({ atMs, text }) => `${(atMs / MS_PER_SECOND).toFixed(1)} s  ${text}`),
    typed: keys.pending,
    elapsedMs: performance.now() - startedMs,
  })

  const look = Effect.gen(function* () {
    const url = nodes.someUrl()
    const found = url === undefined ? undefined : yield* lookAt(url)
    if (found !== undefined && seen !== undefined)
      for (const change of changesBetween(seen, found)) say(change)
    if (found !== undefined || url === undefined) seen = found
  })
  let lookCount = 0
  const watching = Effect.gen(function* () {
    yield* look
    if (isDrawn) process.stdout.write(`\x1b[H\x1b[J${tableOf(picture())}\n`)
    else if (lookCount++ % LOOKS_PER_LINE === 0) console.log(lineOf(picture()))
    yield* Effect.sleep(LOOK_EVERY_MS)
  })
  yield* look
  yield* Effect.forkScoped(Effect.forever(watching))

  if (input.orders > 0) yield* Effect.forkScoped(driveOrders(input.orders, nodes.someUrl, orders, say))

  // Each look asks another node. The cluster is settled once all nodes have said so, one after the other.
  let quietCount = 0
  const isQuiet = (): boolean => {
    const present = nodes.all().filter(({ state }) => state() !== "ended")
    const names = present.map(({ name }) => name)
    quietCount = seen !== undefined && isSettled(seen, names) ? quietCount + 1 : 0
    return quietCount > names.length
  }
  const settled = Effect.gen(function* () {
    const beganMs = performance.now()
    quietCount = 0
    const until = Effect.repeat(Effect.andThen(Effect.sleep(LOOK_EVERY_MS), look), { until: isQuiet })
    const inTime = yield* Effect.timeoutOption(until, SETTLE_MS_MAX)
    const tookMs = Math.round(performance.now() - beganMs)
    say(Option.isSome(inTime) ? `settled after ${tookMs} ms` : `not settled within ${SETTLE_MS_MAX} ms`)
    if (Option.isNone(inTime)) process.exitCode = 1
  })

  const perform = (step: ClusterVerb) => {
    switch (step.verb) {
      case "add":
        return nodes.add
      case "wait":
        return Effect.sleep(step.seconds * MS_PER_SECOND)
      case "settle":
        return settled
      case "quit":
        return Effect.void
      default:
        return nodes.act(step)
    }
  }
  const complained = (step: ClusterVerb) =>
    Effect.catch(perform(step), (error) =>
      Effect.sync(() => {
        say(error.message)
        // A user at the keys has read the message; a script is judged by its exit code.
        if (script !== undefined) process.exitCode = 1
      }),
    )

  if (script === undefined) {
    const verbs = yield* acquireKeys(keys)
    while (true) {
      const step = yield* Queue.take(verbs)
      if (step.verb === "quit") break
      // Forked, because further keys may follow while the verb runs.
      yield* Effect.forkScoped(complained(step))
    }
  } else {
    for (const step of script) {
      if (step.verb === "quit") break
      yield* complained(step)
    }
  }
  yield* look
  const figures = load.whole()
  const elapsedMs = performance.now() - startedMs
  if (!isDrawn) console.log(lineOf(picture()))
  if (Option.isSome(input.json)) {
    const file = input.json.value
    const summary = summaryOf({ nodes: nodes.all(), seen, load: figures, orders, events, elapsedMs })
    const told = { natsServers: Number(input.nats), ...summary }
    yield* Effect.promise(() => writeFile(file, `${JSON.stringify(told, undefined, 2)}\n`))
  }
  if (figures.failed > 0) process.exitCode = 1
}, Effect.scoped)

const command = Command.make("cluster", flags, run).pipe(
  Command.withDescription(
    "Runs several nodes of the order service on this machine and shows which node owns which slot, while you add, drain, kill, pause and stop them.",
  ),
)

/** Runs until the user quits, to the end of its script, or until a signal. */
export const cluster = (): void => {
  runProgram(command, cleansUp)
}
