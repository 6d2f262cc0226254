/**
 * `npm run mutants`: which planted bugs the tests notice. Exits with 1 where one survives.
 *
 *   npm run mutants -- --only "timer"                    bugs whose name or file has this text; may be repeated
 *   npm run mutants -- --tiers unit,simulation           less than the whole suite
 *   npm run mutants -- --seen --tiers simulation         what the simulation finds of what it can see
 *   npm run mutants -- --json FILE                       the result as JSON, too
 *   npm run mutants -- --list
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { jsonOf, rowOf, summaryOf } from "./MutationReport.ts"
import { type BugOutcome, checkUnharmed, outcomeOf, TIERS, type Tier } from "./MutationRun.ts"
import { plantedBugs } from "./PlantedBugs.ts"
import { copyTree } from "./TreeCopy.ts"

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    tiers: { type: "string", default: TIERS.join(",") },
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
const bugs = plantedBugs.filter(
  ({ name, file, isSeenBySimulation }) =>
    (!values.seen || isSeenBySimulation) &&
    (values.only.length === 0 || values.only.some((text) => `${name} ${file}`.includes(text))),
)

const main = async (): Promise<number> => {
  if (values.list) {
    for (const { name, file } of bugs) console.log(`${name}  (${file})`)
    return 0
  }
  const copy = copyTree(join(import.meta.dirname, "../.."))
  process.once("exit", copy.remove)
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
  const options = { root: copy.root, tiers, nowMs: () => performance.now() }
  console.log(`${bugs.length} bugs, one at a time, in ${copy.root}`)
  const harm = await checkUnharmed(options)
  if (harm !== undefined) {
    console.error(`Without any bug there is a failure already: ${harm.file ?? ""} › ${harm.test}`)
    return 1
  }
  const outcomes: Array<BugOutcome> = []
  for (const bug of bugs) {
    const outcome = await outcomeOf(bug, options)
    outcomes.push(outcome)
    console.log(rowOf(outcome))
    if (values.json !== undefined) writeFileSync(values.json, `${jsonOf(outcomes)}\n`)
  }
  console.log(`\n${summaryOf(outcomes)}`)
  return outcomes.every(({ tier }) => tier !== undefined) ? 0 : 1
}

process.exitCode = await main()
