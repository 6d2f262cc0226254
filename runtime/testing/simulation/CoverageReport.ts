/** The parts of the statecharts that a simulation has and has not reached, as data and as text. */
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

/** Coverage of one kind of part. */
export interface CoverageLine {
  readonly reachedCount: number
  readonly totalCount: number
  readonly never: ReadonlyArray<string>
}

/** Which parts of the statecharts the runs of a simulation reached. */
export interface CoverageReport {
  readonly states: CoverageLine
  readonly transitions: CoverageLine
  /** Guards that passed, and guards that refused. */
  readonly guards: CoverageLine
  /** Transitions with a crash at each point of their commit's walk. */
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
