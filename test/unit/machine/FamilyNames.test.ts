// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** Names and values of users that look like those of the runtime, and children that never end. */
import { describe, expect, it } from "vitest"
import {
  assign,
  cancel,
  createMachine,
  fromPromise,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate"
import { effectsOf } from "../../../runtime/cell/Intents.ts"
import { NOTHING_PENDING, type Pending } from "../../../runtime/cell/Pending.ts"
import type { ActorDefinition } from "../../../runtime/definition/Actor.ts"
import { decodeValue, encodeValue } from "../../../runtime/json/StoredValue.ts"
import {
  FAMILY_DEPTH_MAX,
  FAMILY_MADE_MAX,
  FAMILY_MEMBERS_MAX,
} from "../../../runtime/machine/FamilyMember.ts"
import { Machine, type MachineState } from "../../../runtime/machine/Machine.ts"

const throughSnapshot = (machine: Machine, state: MachineState): MachineState =>
  machine.restore(decodeValue(JSON.parse(JSON.stringify(encodeValue(machine.persist(state))))), "a")

const setX = { Set: { actions: assign({ x: ({ event }: any) => event.x }) } }

describe("a context with fields that XState gives a meaning to", () => {
  const alone = new Machine("alone", createMachine({ context: { x: null }, on: setX } as any))
  const family = new Machine(
    "family",
    setup({ actors: { child: createMachine({}) } }).createMachine({
      context: ({ spawn }: any) => ({ x: null, ref: spawn("child", { id: "kid" }) }),
      on: setX,
    } as any),
  )
  const ref = { xstate$$type: 1, id: 0 }
  const values = [
    ref,
    { xstate$$type: 1, id: "length" },
    { xstate$$type: "fields", fields: 5 },
    { xstate$$type: 1, id: [ref, new Map([["__proto__", ref]])] },
    Object.assign(Object.create(null), ref),
    JSON.parse('{"xstate$$type":1,"__proto__":{"id":1}}'),
    { sessionId: "s", send: 1, ref: 2, id: "x" },
  ]

  it.each(values)("comes back from a snapshot as it was: %j", (x) => {
    for (const machine of [alone, family]) {
      const state = machine.transition(machine.initial("a"), { type: "Set", x }, "a") as MachineState
      const back = throughSnapshot(machine, state)
      expect(back.context.x).toStrictEqual(x)
      expect(throughSnapshot(machine, back).context.x).toStrictEqual(x)
    }
  })

  it("keeps the references that are some", () => {
    const back = throughSnapshot(family, family.initial("a"))
    expect(back.context.ref).toBe(back.children["kid"])
  })
})

describe("a child that was made and never started", () => {
  const child = setup({ actors: { ask: fromPromise(async () => 1) } }).createMachine({
    initial: "a",
    states: {
      a: { invoke: { src: "ask", id: "call" }, always: "b" },
      b: { invoke: { src: "ask", id: "call" } },
    },
  } as any)
  const machine = new Machine(
    "family",
    setup({ actors: { child } }).createMachine({
      initial: "off",
      states: {
        off: { on: { Pass: "passing", Go: "on" } },
        passing: { invoke: { src: "child", id: "c" }, always: "off" },
        on: { invoke: { src: "child", id: "c" } },
      },
    } as any),
  )

  it("leaves its address, and those of its children, to the next, also without a snapshot in between", () => {
    const passed = machine.transition(machine.initial("a"), { type: "Pass" }, "a") as MachineState
    const calls = (state: MachineState) =>
      machine.invocationsOf(machine.transition(state, { type: "Go" }, "a") as MachineState)
    const afterSnapshot = calls(throughSnapshot(machine, passed))
    expect(calls(passed)).toEqual(afterSnapshot)
    expect(afterSnapshot).toEqual(["c/call#2"])
  })
})

describe("children that are made and stopped before they start", () => {
  const makes = (count: number) =>
    new Machine(
      "maker",
      setup({ actors: { kid: createMachine({}) } }).createMachine({
        on: {
          Go: {
            actions: Array.from({ length: count }, (_, n) => [
              spawnChild("kid", { id: `k${n}` } as any),
              stopChild(`k${n}`),
            ]).flat(),
          },
        },
      } as any),
    )

  it("do not count as children that run", () => {
    const machine = makes(FAMILY_MEMBERS_MAX + 1)
    const after = machine.transition(machine.initial("a"), { type: "Go" }, "a") as MachineState
    expect(after.children).toEqual({})
    expect(throughSnapshot(machine, after).children).toEqual({})
  })

  it("have a bound of their own", () => {
    const machine = makes(FAMILY_MADE_MAX + 1)
    expect(() => machine.transition(machine.initial("a"), { type: "Go" }, "a")).toThrow(
      `more than ${FAMILY_MADE_MAX} children made by one event`,
    )
  })
})

describe("timers of a machine and of its children with one name", () => {
  const child = createMachine({
    on: {
      Slash: { actions: raise({ type: "Due" }, { delay: 1, id: "b/x" }) },
      Plain: { actions: raise({ type: "Due" }, { delay: 1, id: "x" }) },
      CancelSlash: { actions: cancel("b/x") },
      CancelPlain: { actions: cancel("x") },
    },
  } as any)
  const machine = new Machine(
    "family",
    setup({ actors: { child } }).createMachine({
      entry: [spawnChild("child", { id: "a" }), spawnChild("child", { id: "a/b" })],
      on: {
        Go: {
          actions: [
            raise({ type: "Due" }, { delay: 1, id: "a/b/x" }),
            sendTo("a", { type: "Slash" }),
            sendTo("a/b", { type: "Plain" }),
          ],
        },
        CancelOwn: { actions: cancel("a/b/x") },
        CancelA: { actions: sendTo("a", { type: "CancelSlash" }) },
        CancelAB: { actions: sendTo("a/b", { type: "CancelPlain" }) },
      },
    } as any),
  )
  const ownersAfter = (types: ReadonlyArray<string>) => {
    let state = machine.initial("a")
    let pending: Pending = NOTHING_PENDING
    machine.takeIntents()
    for (const [index, type] of types.entries()) {
      state = machine.transition(state, { type }, "a") as MachineState
      const definition = { machine } as ActorDefinition
      const step = { definition, before: pending, after: pending, state, version: index, nowMs: 0 }
      pending = effectsOf(step, machine.takeIntents(), []).pending
    }
    return [...pending.timers.values()].map(({ e }) => (e["from"] as string | undefined) ?? "").sort()
  }

  it("wait side by side, and each is cancelled by the one that has set it", () => {
    expect(ownersAfter(["Go"])).toEqual(["", "a", "a/b"])
    expect(ownersAfter(["Go", "CancelOwn"])).toEqual(["a", "a/b"])
    expect(ownersAfter(["Go", "CancelA"])).toEqual(["", "a/b"])
    expect(ownersAfter(["Go", "CancelAB"])).toEqual(["", "a"])
    expect(ownersAfter(["Go", "CancelA", "CancelAB", "CancelOwn"])).toEqual([])
  })
})

it("a reference to a child of a child outlives both in a snapshot", () => {
  const inner = createMachine({ context: { n: 7 } })
  const child = setup({ actors: { inner } }).createMachine({
    initial: "at work",
    states: {
      "at work": {
        invoke: { src: "inner", id: "deep" },
        on: { Show: { target: "over", actions: sendParent(({ event }: any) => event) } },
      },
      over: { type: "final" },
    },
  } as any)
  const parent = setup({ actors: { child } }).createMachine({
    context: { ref: null },
    entry: spawnChild("child", { id: "kid" }),
    on: {
      Go: {
        actions: sendTo("kid", ({ self }: any) => {
          const { deep } = self.getSnapshot().children.kid.getSnapshot().children
          return { type: "Show", ref: deep }
        }),
      },
      Show: { actions: [assign({ ref: ({ event }: any) => event.ref }), stopChild("kid")] },
    },
  } as any)
  const machine = new Machine("family", parent)
  const state = machine.transition(machine.initial("a"), { type: "Go" }, "a") as MachineState
  expect(state.children).toEqual({})
  const back = throughSnapshot(machine, throughSnapshot(machine, state))
  expect(back.context.ref.getSnapshot()).toMatchObject({ context: { n: 7 } })
})

it("an error that a child throws ends the machine with what a snapshot brings back of it", () => {
  class Declined extends Error {
    readonly retry = () => 1
    readonly code = "E_DECLINED"
  }
  const child = createMachine({
    on: {
      Go: {
        actions: assign(() => {
          throw new Declined("no", { cause: new Map([[1, new Declined("inner")]]) })
        }),
      },
    },
  } as any)
  const parent = setup({ actors: { child } }).createMachine({
    invoke: { src: "child", id: "kid" },
    on: { Go: { actions: sendTo("kid", { type: "Go" }) } },
  } as any)
  const machine = new Machine("family", parent)
  const state = machine.transition(machine.initial("a"), { type: "Go" }, "a") as MachineState
  expect(state).toMatchObject({ status: "error", error: { message: "no", code: "E_DECLINED" } })
  expect(throughSnapshot(machine, state).error).toStrictEqual(state.error)
  expect((state.error as any).retry).toBeUndefined()
})

describe("a machine is refused", () => {
  const refused = (machine: Machine, type: string) => {
    const state = machine.initial("a")
    expect(() => machine.transition(state, { type }, "a")).toThrow("NotDurable")
    expect(state.status).toBe("active")
  }

  it("that has children like itself without end", () => {
    const actors: Record<string, any> = {}
    const nested = createMachine({
      entry: spawnChild("nested" as never, { id: "n" } as never),
    } as any).provide({
      actors,
    } as any)
    nested.implementations.actors["nested"] = nested as any
    const machine = new Machine(
      "family",
      setup({ actors: { nested } }).createMachine({ on: { Go: { actions: spawnChild("nested") } } }),
    )
    refused(machine, "Go")
    expect(() => machine.transition(machine.initial("a"), { type: "Go" }, "a")).toThrow(
      String(FAMILY_DEPTH_MAX),
    )
  })

  it("that stops itself without an end, which no snapshot could bring back", () => {
    const stop = { type: "xstate.stop" }
    refused(
      new Machine(
        "alone",
        createMachine({ on: { Go: { actions: sendTo(({ self }) => self, stop) } } } as any),
      ),
      "Go",
    )
    const child = createMachine({ on: { Go: { actions: sendParent(stop) } } } as any)
    const family = setup({ actors: { child } }).createMachine({
      invoke: { src: "child", id: "kid" },
      on: { Go: { actions: sendTo("kid", { type: "Go" }) } },
    } as any)
    refused(new Machine("family", family), "Go")
  })
})
