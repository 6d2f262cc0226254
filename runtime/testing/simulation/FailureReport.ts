/** The failure of a simulation in words: what broke, how to repeat it, and the steps before. */
import { actorOf } from "../../definition/DefinitionOf.ts"
import type { Operation, Request } from "./Client.ts"
import type { Shrunk } from "./Shrink.ts"
import { stepsOf } from "./Shrink.ts"
import type { RunOutcome, RunPlan } from "./SwarmRun.ts"
import type { TraceEntry } from "./Trace.ts"

/** Lines of the timeline that are shown. */
const TIMELINE_LINES_MAX = 80

/** Routine steps of nodes. */
const housekeeping =
  /^journal\.last(Sequence|OfShard)|^save \d+ snapshots|^list leases|^write lease member\.|^request member\./

/** The last steps, each with its number and the number of its cause; routine steps are left out. */
export const timeline = (entries: ReadonlyArray<TraceEntry>): string =>
  entries
    .filter(({ what }) => !housekeeping.test(what))
    .slice(-TIMELINE_LINES_MAX)
    .map(({ number, cause, atMs, place, what }) => {
      const from = cause === 0 ? "" : ` ← ${cause}`
      return `${`${number}${from}`.padStart(13)}  ${atMs.toFixed(1).padStart(9)} ms  ${place.padEnd(8)}  ${what}`
    })
    .join("\n")

const requestText = ({
  actor,
  id,
  command,
  via,
}: Pick<Operation["request"], "actor" | "id" | "command" | "via">): string =>
  command === undefined
    ? `read ${actorOf(actor).type}/${id}`
    : `${via === "tell" ? "tell " : ""}${actorOf(actor).type}/${id} ${JSON.stringify(command)}`

const listed = (lines: ReadonlyArray<string>): string =>
  lines.length === 0 ? "    none" : lines.map((line) => `    ${line}`).join("\n")

export interface FailureFacts {
  readonly plan: RunPlan
  readonly outcome: RunOutcome
  readonly shrunk: Shrunk | undefined
  readonly repeat: string
  /** Git commit of the code under test. */
  readonly commit: string | undefined
}

export const failureReport = ({ plan, outcome, shrunk, repeat, commit }: FailureFacts): string => {
  const small = shrunk?.case
  const shown = shrunk?.outcome ?? outcome
  const requests: ReadonlyArray<Request> =
    small === undefined ? [] : small.requests.flatMap((index) => plan.requests[index] ?? [])
  const rates = Object.entries(plan.rates).map(([kind, rate]) => `${kind}: ${rate}`)
  return [
    `${shown.violation?.message}`,
    "",
    `  seed ${plan.seed}, hash ${outcome.hash}, ${outcome.stepCount} steps, ${plan.nodeCount} nodes, ${plan.clientCount} clients, ${plan.requests.length} requests`,
    ...(commit === undefined ? [] : [`  commit ${commit}`]),
    `  again: ${repeat}`,
    `  drawn faults (chance a call, or times a run):`,
    listed(rates),
    ...(small === undefined
      ? []
      : [
          `  shrunk in ${shrunk?.runCount} runs to ${stepsOf(small)} steps: ${small.nodeCount} nodes, ${small.clientCount} clients, ${small.interleaving} order`,
          "  requests:",
          listed(requests.map(requestText)),
          "  faults:",
          listed(small.faults),
        ]),
    "",
    `  The last steps, each with its number ← the one it came from:`,
    timeline(shown.trace),
  ].join("\n")
}
