// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** What children ask for, as their machine tells it: timers, calls, and their ends. */
import { describe, expect, it } from "vitest"
import { assign, enqueueActions, fromPromise, fromTransition, sendParent, setup } from "xstate"
import { Machine, type MachineState } from "../../../runtime/machine/Machine.ts"
import { given } from "../../../runtime/machine/SealedState.ts"

const counter = fromTransition(
  (state: { count: number }, event: { type: string }) =>
    event.type === "inc" ? { count: state.count + 1 } : state,
  { count: 0 },
)

const following = (machine: Machine, state: MachineState, ...types: ReadonlyArray<string>): MachineState =>
  types.reduce((now, type) => machine.transition(now, { type }, "a") as MachineState, state)

describe("what children ask for", () => {
  const child = setup({
    actors: { "lo/ad": fromPromise(async () => 1) },
    delays: { patience: 50 },
  }).createMachine({
    initial: "a",
    states: {
      a: {
        invoke: { src: "lo/ad", id: "load", input: () => ({ n: 1 }), onDone: "b" },
        after: { patience: "b" },
        exit: sendParent({ type: "Left" }, { delay: 5 }),
      },
      b: {},
    },
  } as any)
  const machine = () =>
    new Machine(
      "family",
      setup({ actors: { child } }).createMachine({
        initial: "idle",
        states: {
          idle: { on: { Go: "on" } },
          on: { invoke: { src: "child", id: "kid" }, on: { Off: "idle" } },
        },
      } as any),
    )

  it("is named after the ids from the root, and its logic is found by names", () => {
    const family = machine()
    const state = following(family, family.initial("a"), "Go")
    const [call, timer] = family.takeIntents()
    expect(timer).toMatchObject({
      _tag: "Timer",
      id: "kid/xstate.after.patience.(machine).a",
      event: { type: "everstate.inside", to: "kid", from: "kid" },
    })
    expect(call).toEqual({ _tag: "Call", id: "kid/load", src: "child/lo~1ad", input: { n: 1 } })
    expect(family.callLogic("child/lo~1ad")?.isPlain).toBe(true)
    expect(family.callLogic("child/nothing")).toBeUndefined()
    expect(family.invocationsOf(state)).toEqual(["kid/load"])
    const done = family.transition(
      state,
      {
        type: "xstate.done.actor.kid/load",
        output: 1,
        actorId: "kid/load",
      },
      "a",
    )
    expect(family.invocationsOf(done as MachineState)).toEqual([])
    expect((given(done as MachineState).children["kid"] as any).getSnapshot().value).toBe("b")
  })

  it("ends with them: their timers and those for them are dropped by one word", () => {
    const family = machine()
    const state = following(family, family.initial("a"), "Go")
    family.takeIntents()
    following(family, state, "Off")
    expect(family.takeIntents()).toContainEqual({ _tag: "DropTimers", member: "kid" })
  })
})

describe("a machine whose configuration shows no child", () => {
  const late = setup({ actors: { counter, load: fromPromise(async () => 1) } }).createMachine({
    context: { ref: undefined as any, loaded: false },
    initial: "idle",
    states: {
      idle: { on: { Go: "loading" } },
      loading: {
        invoke: { src: "load", id: "load", onDone: { actions: assign({ loaded: true }) } },
        on: { Add: { actions: assign({ ref: ({ spawn }: any) => spawn("counter", { id: "c" }) }) } },
      },
    },
  } as any)

  it("becomes a family when it spawns one, with the calls that are under way", () => {
    const machine = new Machine("family", late)
    const loading = following(machine, machine.initial("a"), "Go")
    expect(loading.children).toEqual({})
    const grown = following(machine, loading, "Add")
    expect(Object.keys(grown.children)).toEqual(["load", "c"])
    expect(machine.invocationsOf(grown)).toEqual(["load"])
    const loaded = machine.transition(
      grown,
      { type: "xstate.done.actor.load", output: 1, actorId: "load" },
      "a",
    )
    expect((loaded as MachineState).context).toMatchObject({ loaded: true })
    expect(machine.takeIntents().map(({ _tag }) => _tag)).toEqual(["Call"])
  })

  it("ends a call that an action stops, though its state goes on", () => {
    const stopping = setup({ actors: { load: fromPromise(async () => 1) } }).createMachine({
      initial: "idle",
      states: {
        idle: { on: { Go: "loading" } },
        loading: {
          invoke: { src: "load", id: "load" },
          on: {
            Again: { target: "loading", reenter: true },
            Stop: { actions: enqueueActions(({ enqueue }) => enqueue.stopChild("load")) },
          },
        },
      },
    } as any)
    const machine = new Machine("family", stopping)
    const again = following(machine, machine.initial("a"), "Go", "Again")
    expect(machine.invocationsOf(again)).toEqual(["load"])
    expect(again.children).toEqual({})
    expect(machine.invocationsOf(following(machine, again, "Stop"))).toEqual([])
  })
})
