// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters of XState
/** The set has every name that a machine of XState can be made of. */
import { describe, expect, it } from "vitest"
import * as xstate from "xstate"
import { machinesIn } from "../../runtime/machine/ChildLogic.ts"
import type { ConformanceCase } from "./ConformanceCase.ts"
import { CONSTRUCT_GROUPS } from "./ConformanceSet.ts"
import * as loose from "./Loose.ts"

type KeysOf<T> = T extends unknown ? keyof T : never
type MachineKey = Exclude<KeysOf<xstate.MachineConfig<any, any>>, symbol | number>
type TransitionKey = keyof xstate.TransitionConfig<any, any, any, any, any, any, any>
type InvokeKey = KeysOf<xstate.InvokeConfig<any, any, any, any, any, any, any, any>>

// Each list is checked against XState's types: a new key does not compile until it is here, and fails until a case has it.
const STATE_KEYS: Record<Exclude<MachineKey, "parent">, true> = {
  after: true,
  always: true,
  context: true,
  description: true,
  entry: true,
  exit: true,
  history: true,
  id: true,
  initial: true,
  invoke: true,
  meta: true,
  on: true,
  onDone: true,
  options: true,
  order: true,
  output: true,
  route: true,
  states: true,
  tags: true,
  target: true,
  type: true,
  version: true,
}
const TRANSITION_KEYS: Record<TransitionKey, true> = {
  actions: true,
  description: true,
  guard: true,
  meta: true,
  reenter: true,
  target: true,
}
const INVOKE_KEYS: Record<InvokeKey, true> = {
  id: true,
  input: true,
  onDone: true,
  onError: true,
  onSnapshot: true,
  src: true,
  systemId: true,
}

/** Names of XState that no machine is made of: actors of a process in memory, and questions about machines. */
const NO_PARTS_OF_MACHINES = [
  "Actor",
  "SimulatedClock",
  "SpecialTargets",
  "StateMachine",
  "StateNode",
  "__unsafe_getAllOwnEventDescriptors",
  "createActor",
  "getInitialMicrosteps",
  "getInitialSnapshot",
  "getMicrosteps",
  "getNextSnapshot",
  "getNextTransitions",
  "getStateNodes",
  "initialTransition",
  "interpret",
  "isMachineSnapshot",
  "mapState",
  "matchesState",
  "pathToStateValue",
  "toObserver",
  "toPromise",
  "transition",
  "waitFor",
]

type Config = Readonly<Record<string, unknown>>

const all: ReadonlyArray<ConformanceCase> = Object.values(CONSTRUCT_GROUPS)
  .flat()
  .flatMap(({ cases }) => cases)

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [value])

const configsIn = (value: unknown): ReadonlyArray<Config> =>
  listOf(value).filter((part): part is Config => typeof part === "object" && part !== null)

interface Found {
  readonly state: Set<string>
  readonly transition: Set<string>
  readonly invoke: Set<string>
}

const look = (config: Config, found: Found): void => {
  // `setup` keeps its schemas there, which say nothing of the machine.
  for (const key of Object.keys(config)) if (key !== "schemas") found.state.add(key)
  const { on, after, always, onDone, initial, invoke, states } = config
  const calls = configsIn(invoke)
  const ends = calls.flatMap((call) => [call["onDone"], call["onError"], call["onSnapshot"]])
  const byName = [on, after].flatMap((map) => Object.values(map ?? {}))
  for (const transition of [...byName, always, onDone, initial, ...ends].flatMap(configsIn)) {
    for (const key of Object.keys(transition)) found.transition.add(key)
  }
  for (const call of calls) for (const key of Object.keys(call)) found.invoke.add(key)
  for (const child of Object.values(states ?? {})) look(child as Config, found)
}

const keysInSet = (): Found => {
  const found: Found = { state: new Set(), transition: new Set(), invoke: new Set() }
  for (const { machine } of all) {
    for (const inner of machinesIn(machine(() => undefined)).keys()) look(inner.config as Config, found)
  }
  return found
}

describe("the set", () => {
  it("has every key of a machine, a state, a transition and an invoke", () => {
    const { state, transition, invoke } = keysInSet()
    expect([...state].toSorted()).toEqual(Object.keys(STATE_KEYS).toSorted())
    expect([...transition].toSorted()).toEqual(Object.keys(TRANSITION_KEYS).toSorted())
    expect([...invoke].toSorted()).toEqual(Object.keys(INVOKE_KEYS).toSorted())
  })

  it("is written with every name that XState exports for machines", () => {
    const known = [...Object.keys(loose), ...NO_PARTS_OF_MACHINES, "createMachine", "setup"]
    expect(Object.keys(xstate).filter((name) => !known.includes(name))).toEqual([])
  })

  it("has more than two hundred machines, each under a name of its own", () => {
    expect(all.length).toBeGreaterThan(200)
    const names = Object.values(CONSTRUCT_GROUPS)
      .flat()
      .flatMap(({ construct, cases }) => cases.map(({ name }) => `${construct}: ${name}`))
    expect(new Set(names).size).toBe(names.length)
  })
})
