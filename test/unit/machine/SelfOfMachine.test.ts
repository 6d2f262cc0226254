// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** What the code of a machine sees as `self` is the actor, in every process and after every way of coming back. */
import { describe, expect, it } from "vitest"
import { assign, createMachine, raise, setup, spawnChild } from "xstate"
import { type ActorDefinition, defineActor, dispatch, send } from "../../../runtime/define.ts"
import { decodeValue, encodeValue } from "../../../runtime/json/StoredValue.ts"
import { Machine, type MachineState } from "../../../runtime/machine/Machine.ts"
import { MachineFailed } from "../../../runtime/machine/MachineFailed.ts"

const saved = (machine: Machine, state: MachineState): any =>
  JSON.parse(JSON.stringify(encodeValue(machine.persist(state))))

const take = (
  machine: Machine,
  state: MachineState,
  id: string,
  types: ReadonlyArray<string>,
): MachineState => types.reduce((now, type) => machine.transition(now, { type }, id) as MachineState, state)

const seen = ({ self }: any) => [self.id, self.sessionId, self.getSnapshot().context.n]

const keepsItsId = {
  context: ({ self }: any) => ({ n: 1, ids: [[self.id, self.sessionId]] }),
  on: {
    Go: {
      actions: assign({
        n: ({ context }: any) => context.n + 1,
        ids: ({ context, self }: any) => [...context.ids, seen({ self })],
      }),
    },
  },
}

const shapes: ReadonlyArray<readonly [string, any]> = [
  ["flat", createMachine(keepsItsId as any)],
  [
    "nested",
    createMachine({
      ...keepsItsId,
      initial: "a",
      states: { a: { initial: "b", states: { b: { entry: assign({ n: 1 }) } } } },
    } as any),
  ],
  [
    "with a child",
    setup({ actors: { kid: createMachine({}) } }).createMachine({
      ...keepsItsId,
      entry: spawnChild("kid"),
    } as any),
  ],
]

describe.each(shapes)("self of a machine, %s,", (_, machine) => {
  const expected = (id: string) => [
    [id, "x:"],
    [id, "x:", 1],
    [id, "x:", 2],
  ]

  it("is the actor that runs, also among others of its type", () => {
    const shared = new Machine("kept", machine)
    const [a, b] = ["a", "b"].map((id) => take(shared, shared.initial(id), id, ["Go"]))
    expect(take(shared, a as MachineState, "a", ["Go"]).context.ids).toEqual(expected("a"))
    expect(take(shared, b as MachineState, "b", ["Go"]).context.ids).toEqual(expected("b"))
    expect(shared.initial("c").context.ids).toEqual([["c", "x:"]])
  })

  it("is the same after a replay and after a snapshot by another process", () => {
    const [live, other] = [new Machine("kept", machine), new Machine("kept", machine)]
    other.initial("somebody else")
    const one = take(live, live.initial("a"), "a", ["Go"])
    const back = other.restore(decodeValue(saved(live, one)), "a")
    expect(take(other, back, "a", ["Go"]).context).toEqual(take(live, one, "a", ["Go"]).context)
    expect(take(other, other.initial("a"), "a", ["Go", "Go"]).context.ids).toEqual(expected("a"))
  })
})

it("a birth does not see the state of another actor of the type", () => {
  let isPeeking = false
  const context = ({ self }: any) => ({ n: isPeeking ? self.getSnapshot().context.n : 1 })
  const shared = new Machine("peeks", createMachine({ context, on: keepsItsId.on } as any))
  shared.transition(shared.initial("a"), { type: "Nothing" }, "a")
  isPeeking = true
  expect(() => shared.initial("b")).toThrow(MachineFailed)
})

describe("a machine that gets its first child in a later event", () => {
  const machine = setup({ actors: { kid: createMachine({}) } }).createMachine({
    context: { ids: [] },
    on: {
      // The configuration does not show this child.
      Spawn: { actions: assign(({ spawn }: any) => ({ ref: spawn("kid", { id: "kid" }) })) },
      Go: { actions: assign({ ids: ({ context, self }: any) => [...context.ids, self.id] }) },
    },
  } as any)
  const live = new Machine("late", machine)
  const grown = take(live, live.initial("a"), "a", ["Spawn"])

  it("has the id of its actor, live, after a replay, and from a snapshot", () => {
    expect(take(live, grown, "a", ["Go"]).context.ids).toEqual(["a"])
    const other = new Machine("late", machine)
    const replayed = take(other, other.initial("a"), "a", ["Spawn"])
    expect(saved(other, replayed)).toEqual(saved(live, grown))
    // The type runs as a family by now, from the birth on.
    expect(saved(live, take(live, live.initial("a"), "a", ["Spawn"]))).toEqual(saved(live, grown))
    expect(take(other, other.restore(decodeValue(saved(live, grown)), "a"), "a", ["Go"]).context.ids).toEqual(
      ["a"],
    )
  })

  it("has it also from a snapshot of an earlier release, which left the id empty", () => {
    const earlier = saved(live, grown)
    expect(earlier.family.id).toBe("a")
    const back = live.restore(decodeValue({ ...earlier, family: { ...earlier.family, id: "" } }), "a")
    expect(take(live, back, "a", ["Go"]).context.ids).toEqual(["a"])
    expect(saved(live, back)).toEqual(earlier)
  })
})

describe("a reference to itself in the context of a machine without children", () => {
  const machine = createMachine({
    context: { me: null, n: 0 },
    on: {
      Keep: { actions: assign({ me: ({ self }: any) => self }) },
      Go: { actions: assign({ n: ({ context }: any) => context.n + 1 }) },
    },
  } as any)

  it("is the actor, and stays it through events and snapshots", () => {
    const live = new Machine("me", machine)
    const [a, b] = ["a", "b"].map((id) => take(live, live.initial(id), id, ["Keep", "Go"])) as [any, any]
    expect([a.context.me.id, b.context.me.id]).toEqual(["a", "b"])
    const other = new Machine("me", machine)
    const back = take(other, other.restore(decodeValue(saved(live, a)), "a"), "a", ["Go"])
    expect(back.context.me.id).toBe("a")
    expect(back.context.me.getSnapshot().context.n).toBe(2)
  })
})

describe("self.send of an assign", () => {
  const sends = assign(({ self }: any) => {
    self.send({ type: "Sent" })
    return {}
  })
  const on = {
    Go: { actions: [sends, raise({ type: "Raised" })] },
    Flat: { actions: sends },
    ...Object.fromEntries(
      ["Sent", "Raised"].map((type) => [
        type,
        { actions: assign({ seen: ({ context }: any) => [...context.seen, type] }) },
      ]),
    ),
  }

  it("is taken in the same event, after what it raises", () => {
    const machine = new Machine("sends", createMachine({ context: { seen: [] }, on } as any))
    const born = machine.initial("a")
    expect(take(machine, born, "a", ["Go"]).context.seen).toEqual(["Raised", "Sent"])
    expect(take(machine, born, "a", ["Flat"]).context.seen).toEqual(["Sent"])
    expect(take(machine, born, "a", ["Raised"]).context.seen).toEqual(["Raised"])
  })

  it("of an event that fails is dropped", () => {
    const fails = assign(() => {
      throw new Error("no")
    })
    const machine = new Machine(
      "sends",
      createMachine({ context: { seen: [] }, on: { ...on, Fail: { actions: [sends, fails] } } } as any),
    )
    const born = machine.initial("a")
    expect(() => machine.transition(born, { type: "Fail" }, "a")).toThrow("no")
    expect(take(machine, born, "a", ["Raised"]).context.seen).toEqual(["Raised"])
  })
})

it("a dispatch of a birth has the actor as self, although others were born since", () => {
  const Receiver = defineActor({ type: "receiver", machine: createMachine({}) })
  const machine = createMachine({
    entry: dispatch(({ self }: any) =>
      send.tell({
        actor: Receiver as never,
        id: self.id,
        command: { type: "Hi" } as never,
      }),
    ),
  } as any)
  const { machine: shared } = defineActor({ type: "teller", machine }) as unknown as ActorDefinition
  const born = ["a", "b"].map((id) => shared.birth(id))
  const told = born.flatMap(({ intents }) =>
    intents.map((intent) => (intent._tag === "Send" ? (intent.make() as { key?: string }).key : undefined)),
  )
  expect(told).toEqual(["receiver/a", "receiver/b"])
})
