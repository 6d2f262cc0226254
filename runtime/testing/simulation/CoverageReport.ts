/** What of the statecharts a simulation has reached, and what never: as data and as text. */
import type { AnyActor } from "../../definition/Actor.ts"
import { nodesOf } from "../../machine/StateNodes.ts"
import {
  CRASH_POINTS,
  crashKey,
  guardKey,
  type StateNode,
  stateKey,
  type Transition,
  transitionKey,
} from "./Coverage.ts"

/** One kind of thing to reach. */
export interface CoverageLine {
  readonly reachedCount: number
  readonly totalCount: number
  readonly never: ReadonlyArray<string>
}

export interface CoverageReport {
  readonly states: CoverageLine
  readonly transitions: CoverageLine
  /** Each guard passed, and each refused. */
  readonly guards: CoverageLine
  /** Each transition with a crash at each point of its commit's walk. */
  readonly crashes: CoverageLine
  readonly text: string
}

/** `counts`: the `coverage` of a {@link SimulationReport}. */
export const coverageReport = (
  actors: ReadonlyArray<AnyActor>,
  counts: ReadonlyMap<string, number>,
): CoverageReport => {
  const states: Array<string> = []
  const transitions: Array<string> = []
  const guards: Array<string> = []
  const crashes: Array<string> = []
  for (const { type, machine } of actors) {
    const { root } = machine.initial("").machine
    machine.takeIntents()
    for (const node of nodesOf(root)) {
      if (node.path.length > 0) states.push(stateKey(type, node))
      for (const transition of transitionsOf(node)) {
        transitions.push(transitionKey(type, transition))
        if (transition.guard !== undefined) {
          guards.push(guardKey(type, transition, true), guardKey(type, transition, false))
        }
        for (const point of CRASH_POINTS) crashes.push(crashKey(type, transition, point))
      }
    }
  }
  const line = (keys: ReadonlyArray<string>): CoverageLine => {
    const never = keys.filter((key) => !counts.has(key))
    return { reachedCount: keys.length - never.length, totalCount: keys.length, never }
  }
  const lines = {
    states: line(states),
    transitions: line(transitions),
    guards: line(guards),
    crashes: line(crashes),
  }
  return { ...lines, text: textOf(lines) }
}

const textOf = (lines: { readonly [what: string]: CoverageLine }): string =>
  Object.entries(lines)
    .flatMap(([what, { reachedCount, totalCount, never }]) => [
      `${what.padEnd(12)} ${reachedCount} of ${totalCount}`,
      ...never.map((key) => `    never: ${key}`),
    ])
    .join("\n")

const transitionsOf = (node: StateNode): ReadonlyArray<Transition> =>
  [...node.transitions.values()].flat() as ReadonlyArray<Transition>
