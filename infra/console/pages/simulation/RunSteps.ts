/**
 * The steps of a simulated run: what kind each is, whom it concerns, and when each node was up.
 *
 * Owns the reading of the words in a trace. Its shape: Report.ts. Its drawing: Lanes.tsx.
 */
import type { TraceEntry } from "./Report.ts"

/** `commit`: the journal stored it. `life`: a node starts, stops, stands still. */
export type StepKind = "violation" | "fault" | "life" | "commit" | "ask" | "failed" | "log" | "other"

export interface Step extends TraceEntry {
  readonly kind: StepKind
  /** What a mark says. */
  readonly words: string
  /** Places that the step concerns: its own, and the node whose call it answers. */
  readonly places: ReadonlyArray<string>
  /** Actors that the step concerns. */
  readonly actors: ReadonlyArray<string>
}

export type NodeState = "up" | "starting" | "down" | "paused" | "stopping" | "drained"

/** Time during which a node was in one state. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
  readonly state: NodeState
}

export interface Lane {
  readonly place: string
  /** Empty for a place that is no node. */
  readonly spans: ReadonlyArray<Span>
}

export interface Run {
  readonly steps: ReadonlyArray<Step>
  readonly lanes: ReadonlyArray<Lane>
  readonly actors: ReadonlyArray<string>
  readonly fromMs: number
  readonly toMs: number
  /** Number of steps before the first, which the report has not. */
  readonly missingCount: number
}

const FAULT = "FAULT "
const VIOLATION = "VIOLATION "
const COMMIT = /^append .+ of (?:.+): done$/
const LOG = /^(?:warn|error|fatal|info): /
const OF_NODE = / of (node \d+)(?::|$)/
const ACTOR = /(?<=^|[\s(])[a-z][\w-]*\/[^\s:,)"]+/gi

/** State of a node after a step that says so. */
const LIFE: ReadonlyMap<string, NodeState> = new Map([
  ["started", "up"],
  ["resumed", "up"],
  ["takes part again", "up"],
  ["starts again", "starting"],
  ["crashed", "down"],
  ["stopped", "down"],
  ["paused", "paused"],
  ["stops", "stopping"],
  ["is drained", "drained"],
])

/** State of a node before the first step that says something of it. */
const BEFORE: ReadonlyMap<string, NodeState> = new Map([
  ["started", "starting"],
  ["resumed", "paused"],
  ["takes part again", "drained"],
  ["starts again", "down"],
  ["stopped", "stopping"],
])

const isNode = (place: string): boolean => place.startsWith("node ")

const kindOf = ({ place, what }: TraceEntry): StepKind => {
  if (what.startsWith(VIOLATION)) return "violation"
  if (what.startsWith(FAULT) || what.startsWith("cut off from ")) return "fault"
  if (isNode(place) && LIFE.has(what)) return "life"
  if (place === "journal" && COMMIT.test(what)) return "commit"
  if (place === "client") return "ask"
  if (LOG.test(what)) return "log"
  return / failed: /.test(what) ? "failed" : "other"
}

const wordsOf = (what: string, kind: StepKind): string =>
  kind === "fault" && what.startsWith(FAULT)
    ? what.slice(FAULT.length)
    : kind === "violation"
      ? what.slice(VIOLATION.length)
      : what

/** `types`: names of the actor types of the run. Without any, each text like `type/id` is an actor. */
export const runOf = (trace: ReadonlyArray<TraceEntry>, types: ReadonlyArray<string>): Run => {
  const known = new Set(types)
  const isActor = (key: string) => known.size === 0 || known.has(key.slice(0, key.indexOf("/")))
  const actorsIn = (what: string) => [...new Set(what.match(ACTOR) ?? [])].filter(isActor)
  const own = new Map(trace.map((entry) => [entry.number, actorsIn(entry.what)]))
  // A fault does not name the actor: the call that it strikes does, which is its effect or its cause.
  const struck = new Map<number, ReadonlyArray<string>>()
  for (const { number, cause } of trace) {
    const actors = own.get(number) ?? []
    if (actors.length > 0 && !struck.has(cause)) struck.set(cause, actors)
  }
  const steps = trace.map((entry): Step => {
    const kind = kindOf(entry)
    const named = own.get(entry.number) ?? []
    const actors =
      named.length > 0 || kind !== "fault" ? named : (struck.get(entry.number) ?? own.get(entry.cause) ?? [])
    const node = OF_NODE.exec(entry.what)?.[1]
    const places = node === undefined || node === entry.place ? [entry.place] : [entry.place, node]
    return { ...entry, kind, words: wordsOf(entry.what, kind), places, actors }
  })
  const fromMs = steps[0]?.atMs ?? 0
  const toMs = steps.at(-1)?.atMs ?? fromMs
  const places = [...new Set(steps.flatMap((step) => step.places))].sort(byPlace)
  return {
    steps,
    lanes: places.map((place) => ({
      place,
      spans: isNode(place) ? spansOf(steps, place, fromMs, toMs) : [],
    })),
    actors: [...new Set(steps.flatMap(({ actors }) => actors))].sort(byNumber),
    fromMs,
    toMs,
    missingCount: Math.max(0, (steps[0]?.number ?? 1) - 1),
  }
}

/** Clients first, then nodes, then servers, then everything else. */
const ORDER = ["story", "client", "node", "journal", "postgres", "outside", "world"]
const rankOf = (place: string): number => {
  const rank = ORDER.indexOf(isNode(place) ? "node" : place)
  return rank < 0 ? ORDER.length : rank
}

const byNumber = (left: string, right: string): number => left.localeCompare(right, "en", { numeric: true })
const byPlace = (left: string, right: string): number => rankOf(left) - rankOf(right) || byNumber(left, right)

const spansOf = (
  steps: ReadonlyArray<Step>,
  place: string,
  fromMs: number,
  toMs: number,
): ReadonlyArray<Span> => {
  const changes = steps.filter((step) => step.place === place && step.kind === "life")
  const spans: Array<Span> = []
  let state: NodeState = BEFORE.get(changes[0]?.what ?? "") ?? "up"
  let sinceMs = fromMs
  for (const { atMs, what } of changes) {
    const next = LIFE.get(what) ?? state
    if (next === state) continue
    if (atMs > sinceMs) spans.push({ fromMs: sinceMs, toMs: atMs, state })
    sinceMs = atMs
    state = next
  }
  return [...spans, { fromMs: sinceMs, toMs, state }]
}

/** What a person wants to see of a run. */
export interface StepFilter {
  readonly place: string | undefined
  readonly actor: string | undefined
  /** `all` steps, or (default) those that tell the story: no routine of nodes. */
  readonly isAll: boolean
}

const KINDS_TOLD: ReadonlySet<StepKind> = new Set(["violation", "fault", "life", "commit", "ask"])

/** The steps that fit. What breaks a promise, and the life of nodes, concern every actor. */
export const stepsLike = ({ steps }: Run, { place, actor, isAll }: StepFilter): ReadonlyArray<Step> =>
  steps.filter(({ kind, places, actors }) => {
    if (kind === "violation") return true
    if (!isAll && !KINDS_TOLD.has(kind)) return false
    if (place !== undefined && !places.includes(place)) return false
    return actor === undefined || kind === "life" || actors.includes(actor)
  })

/** The step with this number; else the next one that is shown. */
export const indexOfStep = (steps: ReadonlyArray<Step>, number: number): number => {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((steps[middle]?.number ?? 0) < number) low = middle + 1
    else high = middle
  }
  return Math.min(low, Math.max(0, steps.length - 1))
}
