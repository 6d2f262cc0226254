// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** What a machine with children keeps, refuses and gives out, besides what XState does (test/conformance). */
import { describe, expect, it } from "vitest"
import {
  type AnyStateMachine,
  assign,
  createActor,
  createMachine,
  enqueueActions,
  fromCallback,
  fromTransition,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate"
import { FAMILY_EVENTS_MAX } from "../../../runtime/machine/Family.ts"
import { FAMILY_MEMBERS_MAX } from "../../../runtime/machine/FamilyMember.ts"
import { Machine, type MachineState } from "../../../runtime/machine/Machine.ts"
import { given, requireStorable } from "../../../runtime/machine/SealedState.ts"

const counter = fromTransition(
  (state: { count: number }, event: { type: string }) =>
    event.type === "inc" ? { count: state.count + 1 } : state,
  { count: 0 },
)

const parent = setup({ actors: { counter } }).createMachine({
  context: { refs: [] as Array<any> },
  invoke: { src: "counter", id: "counter" },
  on: {
    Inc: { actions: sendTo("counter", { type: "inc" }) },
    Add: { actions: assign({ refs: ({ context, spawn }: any) => [...context.refs, spawn("counter")] }) },
    Boom: {
      actions: [
        sendTo("counter", { type: "inc" }),
        assign(() => {
          throw new Error("boom")
        }),
      ],
    },
  },
} as any)

const countIn = (state: MachineState, id = "counter"): number =>
  (state.children[id] as any).getSnapshot().context.count

const following = (machine: Machine, state: MachineState, ...types: ReadonlyArray<string>): MachineState =>
  types.reduce((now, type) => machine.transition(now, { type }, "a") as MachineState, state)

const failureOf = (machine: AnyStateMachine, type = "Go"): unknown => {
  const family = new Machine("family", machine)
  const state = family.initial("a")
  try {
    return family.transition(state, { type }, "a")
  } catch (cause) {
    return cause
  }
}

describe("a state with children", () => {
  it("is left as it was by what comes after it: another event on it gives what it would have given", () => {
    const machine = new Machine("family", parent)
    const zero = machine.initial("a")
    const two = following(machine, zero, "Inc", "Inc")
    const one = following(machine, zero, "Inc")
    expect(countIn(given(one))).toBe(1)
    expect(countIn(given(following(machine, two, "Inc")))).toBe(3)
    expect(countIn(given(following(machine, one, "Inc")))).toBe(2)
    expect([zero, one, two].map((state) => countIn(given(state)))).toEqual([0, 1, 2])
  })

  it("is left as it was by an event that throws, and by one that nobody takes", () => {
    const machine = new Machine("family", parent)
    const one = following(machine, machine.initial("a"), "Inc")
    expect(() => machine.transition(one, { type: "Boom" }, "a")).toThrow("boom")
    expect(machine.takeIntents()).toEqual([])
    expect(machine.transition(one, { type: "Unknown" }, "a")).toBeUndefined()
    expect(countIn(given(following(machine, one, "Inc")))).toBe(2)
  })

  it("has its children at work again after an event that stopped them, or failed in one of them", () => {
    const holder = createMachine({
      context: { n: 0 },
      on: {
        inc: { actions: assign({ n: ({ context }: any) => context.n + 1 }) },
        bad: { actions: assign({ ref: ({ spawn }: any) => spawn(createMachine({})) } as any) },
      },
    } as any)
    const machine = new Machine(
      "family",
      setup({ actors: { holder } }).createMachine({
        entry: spawnChild("holder", { id: "h" } as any) as any,
        on: {
          Inc: { actions: sendTo("h", { type: "inc" }) },
          Bad: { actions: sendTo("h", { type: "bad" }) },
          Stop: { actions: stopChild("h") },
        },
      } as any),
    )
    const nOf = (state: MachineState) => (given(state).children["h"] as any).getSnapshot().context.n
    const one = following(machine, machine.initial("a"), "Inc")
    expect(following(machine, one, "Stop").children).toEqual({})
    expect(nOf(following(machine, one, "Inc"))).toBe(2)
    const two = following(machine, one, "Inc")
    expect(() => machine.transition(two, { type: "Bad" }, "a")).toThrow("without a name")
    expect(nOf(following(machine, two, "Inc"))).toBe(3)
  })

  it("tells who keeps it the same for ever, and takes no event from them", () => {
    const machine = new Machine("family", parent)
    const state = following(machine, machine.initial("a"), "Inc")
    const kept = given(state)
    following(machine, state, "Inc", "Inc")
    expect(countIn(kept)).toBe(1)
    expect(() => (kept.children["counter"] as any).send({ type: "inc" })).toThrow("Send the actor a command")
    expect(() => (kept.children["counter"] as any).subscribe(() => undefined)).toThrow()
    expect(JSON.parse(JSON.stringify(kept.children["counter"]))).toEqual({ xstate$$type: 1, id: "counter" })
  })

  it("is the same state for the machine, as user code has it", () => {
    const machine = new Machine("family", parent)
    const kept = given(following(machine, machine.initial("a"), "Inc", "Add"))
    const back = machine.restore(JSON.parse(JSON.stringify(machine.persist(kept))), "a")
    expect(countIn(given(back))).toBe(1)
    expect(given(back).context.refs[0].getSnapshot().context).toEqual({ count: 0 })
  })

  it("names children without an id by their number, in every run the same", () => {
    const machine = new Machine("family", parent)
    const states = [1, 2].map(() => following(machine, machine.initial("a"), "Add", "Add"))
    for (const state of states) expect(Object.keys(state.children)).toEqual(["counter", "x:1", "x:2"])
    const back = machine.restore(JSON.parse(JSON.stringify(machine.persist(states[0] as MachineState))), "a")
    expect(Object.keys(following(machine, back, "Add").children)).toEqual(["counter", "x:1", "x:2", "x:3"])
  })

  it("knows nothing of children that an event made which failed", () => {
    const add = assign({ refs: ({ context, spawn }: any) => [...context.refs, spawn("counter")] } as any)
    const outside = createActor(createMachine({}))
    const holder = setup({ actors: { counter } }).createMachine({
      context: { refs: [] as Array<any> },
      on: { add: { actions: add }, bad: { actions: [add, sendTo(() => outside, { type: "hi" } as never)] } },
    } as any)
    const machine = new Machine(
      "family",
      setup({ actors: { holder } }).createMachine({
        invoke: { src: "holder", id: "h" },
        on: {
          Add: { actions: sendTo("h", { type: "add" }) },
          Bad: { actions: sendTo("h", { type: "bad" }) },
        },
      } as any),
    )
    const born = machine.initial("a")
    expect(() => machine.transition(born, { type: "Bad" }, "a")).toThrow("outside of the machine")
    const { children } = (given(following(machine, born, "Add")).children["h"] as any).getSnapshot()
    expect(Object.keys(children)).toEqual(["x:1"])
  })

  it("comes back with children that have ended, and does not wake them", () => {
    const machine = new Machine(
      "family",
      setup({ actors: { counter } }).createMachine({
        context: { ref: undefined as any },
        on: {
          Add: { actions: assign({ ref: ({ spawn }: any) => spawn("counter", { id: "c" }) }) },
          Stop: { actions: stopChild("c") },
          Inc: { actions: sendTo(({ context }: any) => context.ref, { type: "inc" }) },
        },
      } as any),
    )
    const stopped = following(machine, machine.initial("a"), "Add", "Inc", "Stop")
    const back = machine.restore(JSON.parse(JSON.stringify(machine.persist(stopped))), "a")
    const later = following(machine, back, "Inc")
    expect(given(later).context.ref.getSnapshot()).toMatchObject({ context: { count: 1 } })
  })

  it("does not read back where the logic of a child is gone, or where it stands in no state of its machine", () => {
    const machine = new Machine("family", parent)
    const stored = JSON.stringify(machine.persist(machine.initial("a")))
    const renamed = stored.replace('"src":"counter"', '"src":"gone"')
    expect(() => machine.restore(JSON.parse(renamed), "a")).toThrow('no logic "gone"')
  })
})

describe("a child that changes a map in place", () => {
  const keeper = createMachine({
    context: { seen: new Map<string, number>() },
    on: {
      put: {
        actions: assign(({ context }: any) => {
          context.seen.set("n", (context.seen.get("n") ?? 0) + 1)
          return { seen: context.seen }
        }),
      },
    },
  } as any)
  const machine = new Machine(
    "family",
    setup({ actors: { keeper } }).createMachine({
      invoke: { src: "keeper", id: "keeper" },
      on: { Put: { actions: sendTo("keeper", { type: "put" }) } },
    } as any),
  )
  const seenIn = (state: MachineState) => (given(state).children["keeper"] as any).getSnapshot().context.seen

  it("changes its next state alone", () => {
    const zero = machine.initial("a")
    const one = following(machine, zero, "Put")
    expect(seenIn(following(machine, one, "Put")).get("n")).toBe(2)
    expect(seenIn(one).get("n")).toBe(1)
    expect(seenIn(zero).size).toBe(0)
  })
})

describe("what of a child has no stored form", () => {
  class Price {
    readonly minor = 1
  }
  const holder = createMachine({
    context: { price: undefined as unknown },
    on: { put: { actions: assign({ price: () => new Price() }) } },
  } as any)
  const holding = setup({ actors: { holder } }).createMachine({
    context: { ref: undefined as any },
    invoke: { src: "holder", id: "holder" },
    on: {
      Put: { actions: sendTo("holder", { type: "put" }) },
      Foreign: { actions: assign({ ref: () => createActor(createMachine({})) }) },
      Own: { actions: assign({ ref: ({ self }: any) => self }) },
    },
  } as any)

  it.each([
    ["Put", 'children["holder"].context.price cannot be stored: it is an instance of Price'],
    ["Foreign", "context.ref cannot be stored"],
  ])("is named with its place by the event that put it there: %s", (type, text) => {
    const machine = new Machine("family", holding)
    const before = machine.initial("a")
    expect(() => requireStorable(before, following(machine, before, type))).toThrow(text)
  })

  it("is not a reference to an actor of the family", () => {
    const machine = new Machine("family", holding)
    const before = machine.initial("a")
    const own = following(machine, before, "Own")
    expect(() => requireStorable(before, own)).not.toThrow()
    const back = machine.restore(JSON.parse(JSON.stringify(machine.persist(own))), "a")
    expect(given(back).context.ref.id).toBe("a")
  })
})

describe("an event fails by name, and nothing of it happens,", () => {
  const pingPong = setup({
    actors: {
      ping: createMachine({ on: { ping: { actions: sendParent({ type: "Pong" }) } } }),
    },
  }).createMachine({
    invoke: { src: "ping", id: "ping" },
    on: {
      Go: { actions: sendTo("ping", { type: "ping" }) },
      Pong: { actions: sendTo("ping", { type: "ping" }) },
    },
  } as any)

  const onGo = (actions: unknown, actors: object = {}) =>
    createMachine({ on: { Go: { actions: actions as never } } }).provide({ actors } as never)

  it.each<readonly [string, AnyStateMachine, RegExp]>([
    [
      "where parent and child talk without end",
      pingPong,
      new RegExp(`more than ${FAMILY_EVENTS_MAX} events`),
    ],
    [
      "where a child goes in circles",
      setup({
        actors: { spin: createMachine({ initial: "a", states: { a: { always: "b" }, b: { always: "a" } } }) },
      }).createMachine({ on: { Go: { actions: spawnChild("spin", { id: "s" } as any) } } } as any),
      /more than 10000 microsteps/,
    ],
    [
      "where too many children run",
      onGo(
        enqueueActions(({ enqueue }) => {
          for (let n = 0; n <= FAMILY_MEMBERS_MAX; n++) enqueue.spawnChild("one", { id: `n${n}` } as any)
        }),
        { one: counter },
      ),
      new RegExp(`more than ${FAMILY_MEMBERS_MAX} children`),
    ],
    [
      "where logic without a name is spawned in assign",
      onGo(assign({ ref: ({ spawn }: any) => spawn(createMachine({})) } as any)),
      /NotDurable.*without a name.*setup\(/,
    ],
    [
      "where logic without a name is spawned in enqueueActions",
      onGo(enqueueActions(({ enqueue }) => enqueue.spawnChild(createMachine({}) as never))),
      /NotDurable.*without a name/,
    ],
    [
      "where a callback is spawned",
      onGo(assign({ ref: ({ spawn }: any) => spawn("ticks") } as any), {
        ticks: fromCallback(() => undefined),
      }),
      /NotDurable.*lives in memory only/,
    ],
    [
      "where it sends to an actor that is none of the family",
      onGo(sendTo(() => createActor(createMachine({})).start(), { type: "hi" } as never)),
      /NotDurable.*outside of the machine.*dispatch/,
    ],
  ])("%s", (_, machine, message) => {
    expect(failureOf(machine)).toMatchObject({
      _tag: "MachineFailed",
      message: expect.stringMatching(message),
    })
  })
})
