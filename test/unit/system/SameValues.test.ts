import { describe, expect, it } from "vitest"
import { assign, createMachine, setup } from "xstate"
import { defineActor } from "../../../runtime/index.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { twins } from "../../fixtures/memory/Twin.ts"

const DEFAULTS = { limit: 10, note: "none" }

/** A machine that puts what `make` gives into its context, and reads it again at the next event. */
const keeping = (make: () => unknown) =>
  setup({
    types: {
      context: {} as { kept: unknown; seen: unknown },
      events: {} as { type: "Keep" } | { type: "Look" },
    },
  }).createMachine({
    context: { kept: null, seen: null },
    on: {
      Keep: { actions: assign({ kept: make }) },
      Look: { actions: assign({ seen: ({ context }) => ({ ...DEFAULTS, ...(context.kept as object) }) }) },
    },
  })

describe("a context comes back as it was", () => {
  it.each<readonly [string, () => unknown]>([
    ["undefined", () => ({ note: undefined, list: [undefined, 1] })],
    ["a date", () => new Date(86_400_000)],
    ["a map and a set", () => new Map([["a", new Set([1n, -0, Number.NaN, Number.POSITIVE_INFINITY])]])],
    ["an error", () => Object.assign(new RangeError("far", { cause: { at: new Date(1) } }), { code: "E1" })],
    ["a pattern and bytes", () => ({ pattern: /^a+$/giu, bytes: new Uint8Array([0, 255]) })],
    ["an object without a prototype", () => Object.assign(Object.create(null), { a: 1 })],
    ["a user's key that looks like one of ours", () => ({ $: ["Date", 1], deep: { $: 1 } })],
  ])("with %s", async (_, make) => {
    const { plain, live, replayed, restored } = await twins(keeping(make), [
      { type: "Keep" },
      { type: "Look" },
    ])
    expect(live).toStrictEqual(plain)
    expect(replayed).toStrictEqual(live)
    expect(restored).toStrictEqual(live)
  })

  it("after a map was changed in place, which changes no state of before", async () => {
    const machine = setup({
      types: { context: {} as { seats: Map<string, number> }, events: {} as { type: "Take"; seat: string } },
    }).createMachine({
      context: () => ({ seats: new Map() }),
      on: {
        Take: {
          actions: assign({
            seats: ({ context: { seats }, event: { seat } }) => seats.set(seat, seats.size),
          }),
        },
      },
    })
    const events = ["a", "b", "c"].map((seat) => ({ type: "Take", seat }))
    const { plain, live, replayed, restored } = await twins(machine, events)
    expect(plain.context).toEqual({
      seats: new Map([
        ["a", 0],
        ["b", 1],
        ["c", 2],
      ]),
    })
    for (const facts of [live, replayed, restored]) expect(facts).toStrictEqual(plain)
    const Seats = defineActor({ type: "seats", machine })
    const before = Seats.machine.initial("x")
    Seats.machine.transition(before, { type: "Take", seat: "a" }, "a")
    expect(before.context).toEqual({ seats: new Map() })
  })
})

class Money {
  readonly minor = 5
}

describe("a command is refused whose event would put into the context what cannot be kept", () => {
  it.each<readonly [string, () => unknown, RegExp]>([
    [
      "an instance of a class",
      () => [{ price: new Money() }],
      /context\.kept\[0\]\.price cannot be stored: it is an instance of Money\. A state holds/,
    ],
    [
      "the match of a pattern",
      () => /a/.exec("ba"),
      /context\.kept cannot be stored: it is a list with the field/,
    ],
    ["a function", () => () => 1, /context\.kept cannot be stored: it is a function/],
    ["a function in a map", () => new Map([[1, { f: () => 1 }]]), /context\.kept\.values\(\)\[0\]\.f/],
    [
      "a value inside itself",
      () => {
        const loop: { self?: unknown } = {}
        loop.self = loop
        return loop
      },
      /inside itself/,
    ],
  ])("%s", async (_, make, detail) => {
    const actor = defineActor({ type: "keeper", machine: keeping(make).provide({}) as never } as never)
    const { system, journal } = await startMemory({ actors: [actor] })
    for (let time = 0; time < 2; time++) {
      await expect(system.get(actor, "k").ask({ type: "Keep" } as never)).rejects.toMatchObject({
        _tag: "CommandFailed",
        reason: "NotStorable",
        detail: expect.stringMatching(detail),
      })
    }
    expect(journal.counts.append).toBe(0)
    expect((await system.get(actor, "k").state()).version).toBe(0)
  })
})

it("a reference of the actor to itself is kept", async () => {
  const Selfish = defineActor({
    type: "keeper",
    machine: createMachine({
      context: { kept: null },
      on: { Keep: { actions: assign({ kept: ({ self }) => self }) }, Look: {} },
    } as never),
  } as never)
  const { system } = await startMemory({ actors: [Selfish] })
  await system.get(Selfish, "k").ask({ type: "Keep" } as never)
  const { state } = await system.get(Selfish, "k").state()
  expect((state.context as { kept: { id: string } }).kept.id).toBe("k")
})

it("the machine that was given stays as it was: its own bound of microsteps, too", async () => {
  const machine = createMachine({
    initial: "a",
    states: { a: { on: { Go: "b" } }, b: { always: "c" }, c: { always: "b" } },
  })
  const Loop = defineActor({ type: "loop", machine } as never)
  expect(machine.options.maxIterations).toBe(Number.POSITIVE_INFINITY)
  const { system } = await startMemory({ actors: [Loop] })
  await expect(system.get(Loop, "l").ask({ type: "Go" } as never)).rejects.toMatchObject({
    _tag: "CommandFailed",
    detail: expect.stringMatching(/more than 1000 microsteps/),
  })
})
