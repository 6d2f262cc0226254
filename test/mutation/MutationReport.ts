/** What a run over the planted bugs found, as a table for people and as JSON for programs. */
import { type BugOutcome, SHORT_RUN } from "./MutationRun.ts"

/** Unit tests are to notice half of the bugs that are noticed at all within this time. */
const QUICK_MS = 15_000

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`
const percent = (part: number, whole: number): string =>
  whole === 0 ? "–" : `${Math.round((100 * part) / whole)} %`

export const rowOf = ({ bug, tier, failure, elapsedMs }: BugOutcome): string => {
  const noticed = failure === undefined ? "" : `  ${failure.file ?? ""} › ${failure.test}`
  return `${(tier ?? "SURVIVED").padEnd(12)}${seconds(elapsedMs).padStart(7)}  ${bug.name}  (${bug.file})${noticed}`
}

/** How many were noticed, by which tier, and which survived. */
export const summaryOf = (outcomes: ReadonlyArray<BugOutcome>): string => {
  const caught = outcomes.filter(({ tier }) => tier !== undefined)
  const survivors = outcomes.filter(({ tier }) => tier === undefined)
  const quick = caught.filter(({ tier, elapsedMs }) => tier === "unit" && elapsedMs <= QUICK_MS)
  const seen = outcomes.filter(({ bug }) => bug.isSeenBySimulation)
  const simulated = seen.filter(({ tier }) => tier === "simulation")
  const short = simulated.filter(({ failure }) => failure?.file === SHORT_RUN)
  const unsteady = outcomes.flatMap(({ unsteady }) => unsteady)
  const tiers = Map.groupBy(caught, ({ tier }) => tier ?? "")
  return [
    `${caught.length} of ${outcomes.length} planted bugs noticed (${percent(caught.length, outcomes.length)})`,
    ...Array.from(tiers, ([tier, { length }]) => `  ${length} by ${tier}`),
    `  ${quick.length} of these by unit tests within ${seconds(QUICK_MS)} (${percent(quick.length, caught.length)})`,
    `The simulation runs the code of ${seen.length}, and noticed ${simulated.length} of those that came to it, ${
      short.length
    } by its short run (${percent(short.length, seen.length)})`,
    ...(survivors.length === 0 ? [] : ["Survivors:"]),
    ...survivors.map(({ bug }) => `  ${bug.name}  (${bug.file})`),
    ...(unsteady.length === 0 ? [] : ["Tests that failed once and passed when they were run again:"]),
    ...unsteady.map((test) => `  ${test}`),
  ].join("\n")
}

export const jsonOf = (outcomes: ReadonlyArray<BugOutcome>): string =>
  JSON.stringify(
    outcomes.map(({ bug: { name, file, isSeenBySimulation }, tier, failure, elapsedMs, unsteady }) => ({
      name,
      file,
      isSeenBySimulation,
      isNoticed: tier !== undefined,
      tier,
      failure,
      elapsedMs: Math.round(elapsedMs),
      unsteady,
    })),
    null,
    2,
  )
