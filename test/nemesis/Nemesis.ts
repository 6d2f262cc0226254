/**
 * A run: a fleet, clients that keep asking, attacks one after the other, and in the end the verdict.
 *
 * Owns the order of it. Who breaks things: Assault.ts; who asks: Clients.ts; what must be true: Verdict.ts.
 */
import { ActorSystem } from "../../infra/system/ActorSystem.ts"
import type { HistoryCursor, HistoryOptions, HistoryPage } from "../../runtime/index.ts"
import { assault } from "./Assault.ts"
import { actorName, Clients } from "./Clients.ts"
import { Fleet, type FleetOptions } from "./Fleet.ts"
import type { Operation } from "./Operation.ts"
import type { Attack } from "./Plan.ts"
import { Mirror, nemesisActors, Register } from "./Register.ts"
import { type Episode, errorsOf, kindsOf, type NemesisReport, quietOf } from "./Report.ts"
import { type Applied, violationsOf } from "./Verdict.ts"
import { NeverCalm, Watch } from "./Watch.ts"

export interface NemesisOptions extends FleetOptions {
  readonly seed: number
  readonly attacks: Iterable<Attack>
  /** No attack begins after it; in milliseconds. */
  readonly durationMs: number
  readonly actorCount: number
  readonly laneCount: number
  readonly pauseMs: number
  /** What is going on, for whoever watches. */
  readonly onStep?: (what: string, elapsedMs: number) => void
}

/** Quiet before the first attack and after the last one, in milliseconds. */
const QUIET_MS = 4_000

/** Part of it that does not count: nodes are cold. */
const WARM_UP_MS = 2_000

/** Histories that are read at once. */
const READERS = 4

/** Longest wait for one answer in the end, in milliseconds. */
const PATIENCE_MS = 60_000

/** Longest wait for the last message to come, in milliseconds. */
const DELIVERED_MS_MAX = 30_000

const VIEWER = "viewer"

export const runNemesis = async (options: NemesisOptions): Promise<NemesisReport> => {
  const fleet = await Fleet.open(options)
  let isKept = true
  try {
    const report = await play(fleet, options)
    isKept = report.violations.length > 0
    if (isKept) options.onStep?.(`logs of the nodes are in ${fleet.folder}`, 0)
    return report
  } finally {
    await fleet.close(isKept)
  }
}

const play = async (fleet: Fleet, options: NemesisOptions): Promise<NemesisReport> => {
  const { nodeCount, actorCount, seed } = options
  // The first one makes the streams; the others find them.
  await fleet.join("node1")
  await Promise.all(Array.from({ length: nodeCount - 1 }, (_, index) => fleet.join(`node${index + 2}`)))
  // A member as well, but one that has nothing: it asks others for everything.
  const node = { name: VIEWER, weight: 1e-6 }
  const system = await ActorSystem.start({ ...fleet.direct, actors: nemesisActors, node })
  const watch = new Watch(system, fleet)
  try {
    await watch.drain(VIEWER)
    await watch.calm()
    const takenBefore = await watch.takenCount()
    const actors = Array.from({ length: actorCount }, (_, index) => actorName(index))
    await Promise.all(actors.map((actor) => system.get(Register, actor).state()))
    const startMs = performance.now()
    const clients = new Clients(system, options)
    const violations: Array<string> = []
    const episodes = await attackAll(fleet, watch, actors, options, violations)
    await clients.stop()
    const seconds = (performance.now() - startMs) / 1_000
    const { operations } = clients
    options.onStep?.("reading the journal", performance.now() - startMs)
    const { eventCount, faults } = await judge(system, actors, operations)
    return {
      seed,
      nodeCount,
      natsCount: options.natsCount,
      seconds,
      operationCount: operations.length,
      errors: errorsOf(operations),
      eventCount,
      movedCount: (await watch.takenCount()) - takenBefore,
      evictedCount: watch.evictedCount,
      quiet: quietOf(episodes, operations, startMs + WARM_UP_MS),
      kinds: kindsOf(episodes, operations),
      violations: [...violations, ...faults],
    }
  } finally {
    watch.close()
    await system.stop()
  }
}

const attackAll = async (
  fleet: Fleet,
  watch: Watch,
  actors: ReadonlyArray<string>,
  { attacks, durationMs, onStep = () => undefined }: NemesisOptions,
  violations: Array<string>,
): Promise<ReadonlyArray<Episode>> => {
  const episodes: Array<Episode> = []
  const startMs = performance.now()
  await pause(QUIET_MS)
  for (const attack of attacks) {
    if (performance.now() - startMs > durationMs) break
    const name = fleet.nodes[attack.target % fleet.nodes.length]?.name ?? ""
    const isAll = attack.kind === "nats" || attack.kind === "rolling" || attack.kind === "join"
    const hit = isAll ? actors : await watch.actorsOf(name, actors)
    onStep(`${attack.kind} ${isAll ? "" : `${name} `}${attack.durationMs} ms`, performance.now() - startMs)
    const beganMs = performance.now()
    try {
      await assault(fleet, watch, attack)
      const healedMs = performance.now()
      await watch.calm()
      episodes.push({ attack, actors: hit, beganMs, healedMs, calmMs: performance.now() })
    } catch (error) {
      if (!(error instanceof NeverCalm)) throw error
      violations.push(`${attack.kind} on ${name}: ${error.message}`)
      break
    }
    await pause(attack.restMs)
  }
  await fleet.heal()
  await watch.calm()
  await pause(QUIET_MS)
  return episodes
}

const judge = async (
  system: ActorSystem,
  actors: ReadonlyArray<string>,
  operations: ReadonlyArray<Operation>,
): Promise<{ readonly eventCount: number; readonly faults: ReadonlyArray<string> }> => {
  const byActor = new Map<string, Array<Operation>>(actors.map((actor) => [actor, []]))
  for (const operation of operations) byActor.get(operation.actor)?.push(operation)
  const faults: Array<string> = []
  let eventCount = 0
  const waiting = [...actors]
  const reader = async (): Promise<void> => {
    for (let actor = waiting.pop(); actor !== undefined; actor = waiting.pop()) {
      // A read of everybody shows that everybody is there.
      await patiently(() => system.get(Register, actor).state())
      const own = { actor, operations: byActor.get(actor) ?? [] }
      const applied = await historyOf(system, Register, actor)
      const untilMs = performance.now() + DELIVERED_MS_MAX
      let found = violationsOf({ ...own, applied, mirrored: await historyOf(system, Mirror, actor) })
      while (found.length > 0 && performance.now() < untilMs && found.every(isOfMessages)) {
        await pause(500)
        found = violationsOf({ ...own, applied, mirrored: await historyOf(system, Mirror, actor) })
      }
      faults.push(...found)
      eventCount += applied.length
    }
  }
  await Promise.all(Array.from({ length: READERS }, reader))
  return { eventCount, faults }
}

/** May be on its way. */
const isOfMessages = (fault: string): boolean => fault.includes("messages were sent")

const historyOf = async (
  system: ActorSystem,
  actor: typeof Register | typeof Mirror,
  id: string,
): Promise<ReadonlyArray<Applied>> => {
  const applied: Array<Applied> = []
  let after: number | HistoryCursor | undefined = 0
  while (after !== undefined) {
    const options: HistoryOptions = { after, limit: 1_000 }
    const page: HistoryPage<{ readonly by: number }> = await patiently(() =>
      system.get(actor as typeof Mirror, id).history(options),
    )
    for (const { version, commandId, event } of page.events)
      applied.push({ version, commandId, by: event.by })
    after = page.next
  }
  return applied
}

/** Again and again while the machine is too busy to answer. */
const patiently = async <A>(work: () => Promise<A>): Promise<A> => {
  const untilMs = performance.now() + PATIENCE_MS
  while (true) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() > untilMs) throw error
      await pause(500)
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
