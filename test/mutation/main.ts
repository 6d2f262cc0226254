/**
 * `npm run mutants`: which planted bugs the tests notice. Exits with 1 where one survives.
 *
 *   npm run mutants -- --only "timer"                    bugs whose name or file has this text; may be repeated
 *   npm run mutants -- --tiers unit,simulation           less than the whole suite
 *   npm run mutants -- --seen --tiers simulation         what the simulation finds of what it can see
 *   npm run mutants -- --sample 100                      that many of them, evenly spread over the list
 *   npm run mutants -- --copies 2                        several at a time, each in a tree of its own
 *   npm run mutants -- --json FILE                       the result as JSON, too
 *   npm run mutants -- --list
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { jsonOf, rowOf, summaryOf } from "./MutationReport.ts"
import {
  type BugOutcome,
  checkUnharmed,
  type MutationOptions,
  outcomeOf,
  TIERS,
  type Tier,
} from "./MutationRun.ts"
import type { PlantedBug } from "./PlantedBug.ts"
import { plantedBugs } from "./PlantedBugs.ts"
import { copyTree } from "./TreeCopy.ts"

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    tiers: { type: "string", default: TIERS.join(",") },
    sample: { type: "string" },
    copies: { type: "string", default: "1" },
    seen: { type: "boolean", default: false },
    json: { type: "string" },
    list: { type: "boolean", default: false },
  },
})

const tiers = values.tiers.split(",").map((name): Tier => {
  const tier = TIERS.find((known) => known === name)
  if (tier === undefined) throw new Error(`There is no tier "${name}"; there are: ${TIERS.join(", ")}`)
  return tier
})
const wanted = plantedBugs.filter(
  ({ name, file, isSeenBySimulation }) =>
    (!values.seen || isSeenBySimulation) &&
    (values.only.length === 0 || values.only.some((text) => `${name} ${file}`.includes(text))),
)

/** A positive integer from the command line; `all` without a flag. */
const countOf = (flag: string, given: string | undefined, all: number): number => {
  const count = given === undefined ? all : Number(given)
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`--${flag} takes a positive integer`)
  return count
}

const sampleCount = countOf("sample", values.sample, wanted.length)
const copyCount = countOf("copies", values.copies, 1)
/** Whether the bug at this place is one of the sample: each of them has the same distance to the next. */
const isSampled = (index: number): boolean =>
  Math.floor(((index + 1) * sampleCount) / wanted.length) > Math.floor((index * sampleCount) / wanted.length)
const bugs = wanted.filter((_, index) => isSampled(index))

/** Plants one bug of the queue after the other into a tree of its own. */
const work = async (options: MutationOptions, queue: Array<PlantedBug>, outcomes: Array<BugOutcome>) => {
  for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
    const outcome = await outcomeOf(bug, options)
    outcomes.push(outcome)
    console.log(rowOf(outcome))
    if (values.json !== undefined) writeFileSync(values.json, `${jsonOf(outcomes)}\n`)
  }
}

const main = async (): Promise<number> => {
  if (values.list) {
    for (const { name, file } of bugs) console.log(`${name}  (${file})`)
    return 0
  }
  const copies = Array.from({ length: copyCount }, () => copyTree(join(import.meta.dirname, "../..")))
  process.once("exit", () => {
    for (const { remove } of copies) remove()
  })
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
  const runs = copies.map(({ root }) => ({ root, tiers, nowMs: () => performance.now() }))
  console.log(`${bugs.length} bugs, ${copyCount} at a time, in ${copies.map(({ root }) => root).join(", ")}`)
  const harm = runs[0] && (await checkUnharmed(runs[0]))
  if (harm !== undefined) {
    console.error(`Without any bug there is a failure already: ${harm.file ?? ""} › ${harm.test}`)
    return 1
  }
  const outcomes: Array<BugOutcome> = []
  const queue = [...bugs]
  await Promise.all(runs.map((options) => work(options, queue, outcomes)))
  console.log(`\n${summaryOf(outcomes)}`)
  return outcomes.every(({ tier }) => tier !== undefined) ? 0 : 1
}

process.exitCode = await main()
