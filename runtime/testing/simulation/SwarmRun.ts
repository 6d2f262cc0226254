/**
 * One run of a generated workload: clients work under faults, then everything is repaired, and the system
 * must finish its work.
 *
 * Owns the phases. Safety: no promise is broken under any fault. Convergence, without faults: within bounded
 * virtual time every caller has its answer, projections have caught up, every node reads every actor, and all
 * nodes stop in order.
 */
import { actorOf } from "../../definition/DefinitionOf.ts"
import type { Operation, Request } from "./Client.ts"
import { SimulationEscape } from "./EscapeTrap.ts"
import type { Randomness } from "./Randomness.ts"
import { type RunSettings, SimulatedSystem } from "./SimulatedSystem.ts"
import type { SystemUnderTest } from "./SystemUnderTest.ts"
import type { TraceEntry } from "./Trace.ts"
import { PROMISES, Violation } from "./Violation.ts"
import { Watchers } from "./Watchers.ts"

/** Default virtual time in which all work must be done after the faults, in milliseconds. */
export const CONVERGE_MS_DEFAULT = 300_000

/** Default longest safety phase, in virtual milliseconds; it ends earlier with the workload. */
export const SAFETY_MS_DEFAULT = 30_000

/** Mean pause of a client between an answer and its next request, in milliseconds. */
const THINK_MS_MEAN = 300

export interface RunPlan extends RunSettings {
  readonly requests: ReadonlyArray<Request>
  readonly clientCount: number
  readonly safetyMs: number
  readonly convergeMs: number
}

/** What one run of a simulation came to. */
export interface RunOutcome {
  readonly seed: number
  readonly hash: string
  readonly stepCount: number
  readonly virtualMs: number
  readonly marks: ReadonlyMap<string, number>
  /** Parts of the statecharts that were reached, see CoverageReport.ts. */
  readonly coverage: ReadonlyMap<string, number>
  /** Assertions of the runtime that were checked, by the keys of `INVARIANTS`, with counts. */
  readonly invariants: ReadonlyMap<string, number>
  /** Ids of the faults that struck. */
  readonly struck: ReadonlyArray<string>
  readonly answeredCount: number
  readonly violation: Violation | SimulationEscape | undefined
  readonly trace: ReadonlyArray<TraceEntry>
}

export const runSwarm = (sut: SystemUnderTest, plan: RunPlan): RunOutcome => {
  const system = new SimulatedSystem(sut, plan)
  const { world } = system
  for (const { actor, id } of plan.requests) system.requireKnown(actorOf(actor), id)
  let violation: RunOutcome["violation"]
  try {
    new Phases(system, plan, watchersOf(sut, system, plan)).run()
  } catch (cause) {
    if (!(cause instanceof Violation || cause instanceof SimulationEscape)) throw cause
    violation = cause
    world.note("world", `VIOLATION ${cause.message}`)
  }
  return {
    seed: plan.seed,
    hash: world.trace.hash,
    stepCount: world.stepCount,
    virtualMs: world.nowMs,
    marks: world.marks,
    coverage: system.coverage.counts,
    invariants: world.invariants.counts,
    struck: system.faults.struck,
    answeredCount: system.clients.operations.length - system.clients.openCount,
    violation,
    trace: world.trace.entries,
  }
}

/** Readers of every actor that the plan asks. */
const watchersOf = (
  { watchers: count = 0 }: SystemUnderTest,
  { world, nodes, reference, judge }: SimulatedSystem,
  { requests }: RunPlan,
): Watchers => {
  const watchers = new Watchers({ world, nodes, reference, judge })
  const followed = new Set<string>()
  for (const { actor: definition, id } of requests) {
    const actor = actorOf(definition)
    const key = `${actor.type}/${id}`
    if (followed.has(key)) continue
    followed.add(key)
    watchers.follow(actor, id, count)
  }
  return watchers
}

class Phases {
  readonly #system: SimulatedSystem
  readonly #plan: RunPlan
  readonly #watchers: Watchers
  readonly #thinking: Randomness
  #next = 0

  constructor(system: SimulatedSystem, plan: RunPlan, watchers: Watchers) {
    this.#system = system
    this.#plan = plan
    this.#watchers = watchers
    this.#thinking = system.world.random.stream("thinking")
  }

  run(): void {
    const { clientCount, safetyMs, requests } = this.#plan
    const { clients, world, chaos } = this.#system
    for (let client = 0; client < clientCount; client++) this.#thinkThenAsk()
    // Planned faults strike even if there are fewer requests, so that a smaller run fails like the larger
    // one.
    const isOver = () =>
      this.#next === requests.length && clients.openCount === 0 && world.nowMs > chaos.lastAtMs
    this.#system.run(safetyMs, isOver)
    world.note("world", "the faults are over, everything is mended")
    chaos.heal()
    this.#untilDone("after the faults were over")
    this.#readEverywhere()
    for (const node of this.#system.nodes) this.#system.rubbish.ask(node)
    this.#untilDone("when every node reads every actor")
    this.#system.checkAtRest()
    this.#stopAll()
    this.#system.checkAtRest()
  }

  #thinkThenAsk(): void {
    this.#system.world.after(this.#thinking.exponential(THINK_MS_MEAN), undefined, () => {
      const request = this.#plan.requests[this.#next++]
      if (request === undefined) {
        this.#next = this.#plan.requests.length
        return
      }
      this.#system.clients.send(request, (operation) => {
        this.#system.probes.after(operation)
        this.#thinkThenAsk()
      })
    })
  }

  #untilDone(when: string): void {
    const { world } = this.#system
    const limitMs = world.nowMs + this.#plan.convergeMs
    let checkedAtStep = Number.NEGATIVE_INFINITY
    const isDone = () => {
      if (this.#next < this.#plan.requests.length || this.#system.clients.openCount > 0) return false
      if (world.stepCount - checkedAtStep < STEPS_BETWEEN_CHECKS) return false
      checkedAtStep = world.stepCount
      return this.#whatIsOpen === undefined
    }
    if (this.#system.run(limitMs, isDone) === "done") return
    // The world is idle before the next check: no work is left, which is right if nothing is open.
    const isAllSent = this.#next >= this.#plan.requests.length
    const open = this.#whatIsOpen ?? (isAllSent ? undefined : "requests were not sent")
    if (open === undefined) return
    throw new Violation(PROMISES.converges, `${this.#plan.convergeMs} ms ${when}, ${open}`)
  }

  get #whatIsOpen(): string | undefined {
    return this.#system.whatIsOpen() ?? this.#watchers.open
  }

  #readEverywhere(): void {
    const { clients, nodes } = this.#system
    const actors = new Map<string, Operation>()
    for (const operation of clients.operations) actors.set(operation.address.key, operation)
    for (const { request } of actors.values()) {
      for (const node of nodes) clients.send({ actor: request.actor, id: request.id }, nothing, node)
    }
  }

  #stopAll(): void {
    const { nodes, world } = this.#system
    let stoppedCount = 0
    for (const node of nodes) {
      node.stop(() => {
        stoppedCount++
      })
    }
    const end = this.#system.run(world.nowMs + this.#plan.convergeMs, () => stoppedCount === nodes.length)
    if (end === "done") return
    throw new Violation(PROMISES.converges, `${nodes.length - stoppedCount} nodes did not stop`)
  }
}

/** Steps between two checks of the whole system. */
const STEPS_BETWEEN_CHECKS = 200

const nothing = (): void => undefined
