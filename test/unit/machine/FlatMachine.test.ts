import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type AnyActorScope, type AnyStateMachine, assign, createActor, createMachine, raise } from "xstate"
import { FlatMachine } from "../../../runtime/machine/FlatMachine.ts"
import type { MachineState } from "../../../runtime/machine/Machine.ts"

const STATES = ["a", "b", "c"]
const EVENTS = ["Go", "Stay", "Else"]

interface Context {
  readonly n: number
  readonly fuel: number
}

const action = fc.constantFrom<unknown>(
  assign({ n: ({ context }: { context: Context }) => context.n + 1 }),
  assign(({ context, event }: { context: Context; event: { type: string } }) => ({
    n: context.n + event.type.length,
  })),
  "count",
  { type: "count", params: { by: 3 } },
  { type: "count", params: ({ context }: { context: Context }) => ({ by: context.n }) },
  "say",
  { type: "say", params: { text: "hello" } },
  ({ context }: { context: Context }) => context.n,
  raise({ type: "Else" }, { delay: 10 }),
)

const guard = fc.constantFrom<unknown>(
  undefined,
  ({ context }: { context: Context }) => context.n % 2 === 0,
  "isOdd",
  { type: "isAbove", params: { limit: 4 } },
)

const target = fc.constantFrom<string | undefined>(undefined, ...STATES.map((name) => `#${name}`))

const transition = fc.record({
  target,
  guard,
  actions: fc.array(action, { maxLength: 3 }),
  reenter: fc.constantFrom(false, false, false, true),
})

/** A transition that a machine takes by itself comes to an end: it uses up fuel. */
const always = transition.map(({ target, actions }) => ({
  target,
  guard: ({ context }: { context: Context }) => context.fuel > 0,
  actions: [assign({ fuel: ({ context }: { context: Context }) => context.fuel - 1 }), ...actions],
}))

const seldom = <A>(drawn: fc.Arbitrary<A>) => fc.option(drawn, { nil: undefined, freq: 4 })

const on = fc.dictionary(
  fc.constantFrom(...EVENTS, "*"),
  fc.array(transition, { minLength: 1, maxLength: 2 }),
)

const state = fc.record({
  on,
  always: seldom(always),
  entry: seldom(fc.array(action, { maxLength: 1 })),
  tags: seldom(fc.constant(["t"])),
  type: fc.constantFrom(undefined, undefined, undefined, undefined, "final"),
})

const isSet = ([, value]: [string, unknown]) => value !== undefined

const withoutTargets = (drawn: { readonly [type: string]: ReadonlyArray<object> }) =>
  Object.fromEntries(
    Object.entries(drawn).map(([type, each]) => [type, each.map((one) => ({ ...one, target: undefined }))]),
  )

const config = fc
  .record({ on, states: fc.tuple(state, state, state), isAtomic: fc.boolean(), isMade: fc.boolean() })
  .map(({ on, states, isAtomic, isMade }) => {
    const named = states.map((drawn, index) => [
      STATES[index],
      { id: STATES[index], ...Object.fromEntries(Object.entries(drawn).filter(isSet)) },
    ])
    const context = { n: 0, fuel: 3 }
    const born = isMade ? ({ input }: { input: { n: number } }) => ({ ...context, n: input.n }) : context
    return isAtomic
      ? { context: born, on: withoutTargets(on) }
      : { context: born, on, initial: "a", states: Object.fromEntries(named) }
  })

const machineOf = (drawn: object): AnyStateMachine =>
  createMachine(
    drawn as never,
    {
      actions: {
        count: assign(({ context }, params) => ({
          n: (context as Context).n + ((params as { by?: number } | undefined)?.by ?? 1),
        })),
        say: () => undefined,
      },
      guards: {
        isOdd: ({ context }: { context: Context }) => context.n % 2 === 1,
        isAbove: ({ context }: { context: Context }, { limit }: { limit: number }) => context.n > limit,
      },
    } as never,
  ) as unknown as AnyStateMachine

/** What a machine asks for is kept in `asked`. */
const scopeOf = (machine: AnyStateMachine, asked: Array<unknown>): AnyActorScope => {
  const self = createActor(machine, { input: { n: 0 } })
  return {
    self,
    system: self.system,
    id: self.id,
    sessionId: self.sessionId,
    logger: () => undefined,
    defer: () => undefined,
    emit: () => undefined,
    stopChild: () => undefined,
    actionExecutor: ({ type, params, info, exec }) => {
      asked.push({ type, params, exec, context: info.context, event: info.event })
    },
  }
}

const said = ({
  value,
  context,
  status,
  output,
  error,
  tags,
  _nodes,
  children,
  historyValue,
}: MachineState) => ({
  value,
  context,
  status,
  output,
  error,
  tags: [...tags],
  nodes: _nodes.map(({ id }: { readonly id: string }) => id),
  children,
  historyValue,
})

describe("a flat machine", () => {
  it("takes each step to the state to which XState takes it, and asks for the same", () => {
    let flatCount = 0
    const events = fc.array(fc.constantFrom(...EVENTS, "Unknown"), { maxLength: 6 })
    fc.assert(
      fc.property(config, events, (drawn, types) => {
        const machine = machineOf(drawn)
        const asked: Array<unknown> = []
        const scope = scopeOf(machine, asked)
        const flat = new FlatMachine(machine, scope)
        const compare = (byXState: MachineState, flatly: () => MachineState | undefined) => {
          const expected = asked.splice(0)
          const found = flatly()
          const foundAsked = asked.splice(0)
          if (found === undefined) return
          flatCount++
          expect(said(found)).toEqual(said(byXState))
          expect(foundAsked).toEqual(expected)
        }
        let now = machine.getInitialSnapshot(scope, { n: 1 } as never) as MachineState
        flat.learnBirth(now)
        asked.length = 0
        compare(machine.getInitialSnapshot(scope, { n: 2 } as never) as MachineState, () =>
          flat.birth({ n: 2 }),
        )
        for (const type of types) {
          if (now.status !== "active") return
          const from = now
          now = machine.transition(from, { type }, scope) as MachineState
          compare(now, () => flat.transition(from, { type }))
        }
      }),
      { numRuns: 300 },
    )
    expect(flatCount).toBeGreaterThan(100)
  })

  it("leaves a step in which an assign spawns a child to XState", () => {
    const child = createMachine({})
    const drawn = {
      context: {},
      on: {
        Spawn: {
          actions: assign({ child: ({ spawn }: { spawn: (logic: unknown) => unknown }) => spawn(child) }),
        },
      },
    }
    const machine = machineOf(drawn)
    const scope = scopeOf(machine, [])
    const state = machine.getInitialSnapshot(scope, {} as never) as MachineState
    expect(new FlatMachine(machine, scope).transition(state, { type: "Spawn" })).toBeUndefined()
  })

  it("leaves an endless chain to XState, which says so", () => {
    const machine = machineOf({
      context: { n: 0 },
      initial: "a",
      states: {
        a: {
          on: { Go: "b" },
        },
        b: { always: { actions: assign({ n: ({ context }: { context: Context }) => context.n + 1 }) } },
      },
    })
    const scope = scopeOf(machine, [])
    const state = machine.getInitialSnapshot(scope, {} as never) as MachineState
    expect(new FlatMachine(machine, scope).transition(state, { type: "Go" })).toBeUndefined()
  })
})
