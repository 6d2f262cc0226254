/**
 * Makes a failing run small: fewer faults, fewer requests, fewer nodes and clients, a simpler interleaving.
 *
 * Owns the search, which leaves out smaller and smaller parts (delta debugging). A smaller run counts if it
 * breaks the same promise. Why faults and requests do not depend on each other: see the ids in Faults.ts.
 */
import { SimulationEscape } from "./EscapeTrap.ts"
import { type RunOutcome, type RunPlan, runSwarm } from "./SwarmRun.ts"
import type { SystemUnderTest } from "./SystemUnderTest.ts"
import type { Interleaving } from "./World.ts"

/** Runs that a search may take. */
export const SHRINK_RUNS_MAX = 800

/** The parts of a plan that are made smaller. */
export interface Case {
  /** Indexes of the requests in the workload. */
  readonly requests: ReadonlyArray<number>
  /** Ids of the faults. */
  readonly faults: ReadonlyArray<string>
  readonly nodeCount: number
  readonly clientCount: number
  readonly interleaving: Interleaving
}

/** The smallest case found that breaks the same promise, its outcome, and the number of runs that it took. */
export interface Shrunk {
  readonly case: Case
  readonly outcome: RunOutcome
  readonly runCount: number
}

/** The promise that a run broke; `undefined` if it broke none. */
export const brokenBy = ({ violation }: RunOutcome): string | undefined =>
  violation instanceof SimulationEscape ? "escape" : violation?.promise

/** The plan of a case. */
export const planOf = (plan: RunPlan, small: Case): RunPlan => ({
  ...plan,
  requests: small.requests.flatMap((index) => plan.requests[index] ?? []),
  allowed: new Set(small.faults),
  nodeCount: small.nodeCount,
  clientCount: small.clientCount,
  interleaving: small.interleaving,
})

export const shrink = (sut: SystemUnderTest, plan: RunPlan, failed: RunOutcome): Shrunk => {
  const promise = brokenBy(failed)
  let runCount = 0
  let best: { readonly case: Case; readonly outcome: RunOutcome } = {
    case: {
      requests: plan.requests.map((_, index) => index),
      faults: [...new Set(failed.struck)],
      nodeCount: plan.nodeCount,
      clientCount: plan.clientCount,
      interleaving: plan.interleaving,
    },
    outcome: failed,
  }

  const tryOut = (change: Partial<Case>): boolean => {
    if (runCount >= SHRINK_RUNS_MAX) return false
    runCount++
    const smaller = { ...best.case, ...change }
    const outcome = runSwarm(sut, planOf(plan, smaller))
    if (brokenBy(outcome) !== promise) return false
    best = { case: smaller, outcome }
    return true
  }

  /** Leaves out parts of one list, halves first, single elements last. */
  const thin = <Key extends "requests" | "faults">(key: Key): void => {
    if (tryOut({ [key]: [] } as Partial<Case>)) return
    for (let size = Math.ceil(best.case[key].length / 2); size >= 1; size = Math.floor(size / 2)) {
      let start = 0
      while (start < best.case[key].length) {
        const list: ReadonlyArray<unknown> = best.case[key]
        const without = [...list.slice(0, start), ...list.slice(start + size)]
        if (!tryOut({ [key]: without } as Partial<Case>)) start += size
      }
    }
  }

  const simplify = (): void => {
    for (const nodeCount of [1, 2]) if (nodeCount < best.case.nodeCount && tryOut({ nodeCount })) break
    for (const clientCount of [1, 2])
      if (clientCount < best.case.clientCount && tryOut({ clientCount })) break
    if (best.case.interleaving === "seeded") tryOut({ interleaving: "fifo" })
  }

  let size = Number.POSITIVE_INFINITY
  while (stepsOf(best.case) < size && runCount < SHRINK_RUNS_MAX) {
    size = stepsOf(best.case)
    thin("requests")
    thin("faults")
    simplify()
  }
  return { ...best, runCount }
}

/** The size of a case: its requests and faults. */
export const stepsOf = ({ requests, faults }: Pick<Case, "requests" | "faults">): number =>
  requests.length + faults.length
