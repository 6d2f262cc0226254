/**
 * `npm run sizes`: how long the console's pages take on a system of a million actors. Progress goes to stderr, the table
 * to stdout. The measured table: docs/BENCHMARKS.md.
 *
 * Owns the command line. The stores: Stores.ts. The pages: Visits.ts.
 */
import { parseArgs } from "node:util"
import { buildConsole } from "../../infra/cli/ConsoleBuild.ts"
import { thisMachine } from "../bench/Machine.ts"
import { CHROMIUM, launch } from "../integration/console/Browser.ts"
import { openFullSystem } from "./Stores.ts"
import { type Figure, VISITS } from "./Visits.ts"

/** Rounds of each visit, of which the median is told. */
const ROUNDS_DEFAULT = 3

const HELP = `Usage: npm run sizes -- [options]

  --actors N      actors in the directory, default 1,000,000
  --letters N     dead letters, default 100,000
  --events N      events of one actor, default 100,000
  --states N      states of the large machine, default 300
  --rounds N      rounds of each visit, default ${ROUNDS_DEFAULT}; the median is told
  --only NAME     one visit: ${Object.keys(VISITS).join(", ")}
  --help          this text
`

const { values } = parseArgs({
  options: {
    actors: { type: "string", default: "1000000" },
    letters: { type: "string", default: "100000" },
    events: { type: "string", default: "100000" },
    states: { type: "string", default: "300" },
    rounds: { type: "string", default: String(ROUNDS_DEFAULT) },
    only: { type: "string" },
    help: { type: "boolean", default: false },
  },
})

const say = (text: string): void => {
  process.stderr.write(`sizes: ${text}\n`)
}

const middle = (sorted: ReadonlyArray<number>): number => sorted[Math.floor((sorted.length - 1) / 2)] ?? 0

/** The median of each figure over all rounds. */
const medians = (rounds: ReadonlyArray<ReadonlyArray<Figure>>): ReadonlyArray<Figure> =>
  (rounds[0] ?? []).map(({ what }) => {
    const all = rounds.flatMap((figures) => figures.filter((figure) => figure.what === what))
    const sorted = (of: (figure: Figure) => number | undefined) =>
      all.flatMap((figure) => of(figure) ?? []).sort((left, right) => left - right)
    const heaps = sorted(({ heapMiB }) => heapMiB)
    return {
      what,
      ms: middle(sorted(({ ms }) => ms)),
      ...(heaps.length === 0 ? {} : { heapMiB: middle(heaps) }),
    }
  })

const tableOf = (figures: ReadonlyArray<Figure>): string =>
  [
    "| what | ms | heap of the page, MiB |",
    "|---|---:|---:|",
    ...figures.map(
      ({ what, ms, heapMiB }) =>
        `| ${what} | ${Math.round(ms).toLocaleString("en")} | ${heapMiB === undefined ? "" : Math.round(heapMiB)} |`,
    ),
  ].join("\n")

const main = async (): Promise<number> => {
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (CHROMIUM === undefined) {
    process.stderr.write("There is no Chromium here. Install it, or name one: CHROMIUM.\n")
    return 2
  }
  const visits = Object.entries(VISITS).filter(([name]) => values.only === undefined || name === values.only)
  const rounds = Number(values.rounds)
  const [actors, letters, events, states] = [values.actors, values.letters, values.events, values.states].map(
    Number,
  )
  if (visits.length === 0 || ![actors, letters, events, states, rounds].every(Number.isSafeInteger)) {
    process.stderr.write(HELP)
    return 2
  }
  // Logs of the system join the progress: the table alone goes to stdout.
  console.log = console.error
  if (!(await buildConsole(process.stderr))) return 1
  const sizes = { actors: actors ?? 0, letters: letters ?? 0, events: events ?? 0, states: states ?? 0 }
  const system = await openFullSystem(sizes, (what) => say(`filling in ${what}`))
  const browser = await launch()
  try {
    const figures: Array<Figure> = []
    for (const [name, visit] of visits) {
      const seen: Array<ReadonlyArray<Figure>> = []
      for (let round = 1; round <= rounds; round++) {
        say(`${name}, round ${round} of ${rounds}`)
        // A visit that fails is told, and the others go on.
        await visit(browser, system.url).then(
          (figures) => seen.push(figures),
          (cause: unknown) => say(`${name} failed: ${cause}`),
        )
      }
      figures.push(...medians(seen))
      say(`\n${tableOf(medians(seen))}`)
    }
    const { cpu, coreCount, memoryGiB, node, natsServer, postgres } = thisMachine(system.versions)
    process.stdout.write(
      `${tableOf(figures)}\n\n${coreCount} × ${cpu}, ${memoryGiB} GiB, Node ${node}, nats-server ${natsServer}, Postgres ${postgres}, Chromium ${browser.version()}\n`,
    )
    return 0
  } finally {
    await browser.close()
    await system.close()
  }
}

process.exit(await main())
