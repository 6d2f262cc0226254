/** What `defineActor` refuses, and that each refusal says what to write instead. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import {
  type AnyStateMachine,
  and,
  assign,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromObservable,
  not,
  raise,
  sendParent,
  setup,
  spawnChild,
} from "xstate"
import { announce, defineActor, defineEvent, defineIntegrationEvent } from "../../../runtime/index.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

const schema = Schema.Struct({})
const define =
  (machine: AnyStateMachine, options: object = {}) =>
  () =>
    defineActor({ type: "thing", machine, ...options } as never)
const child = createMachine({})
const onGo = (actions: unknown) => createMachine({ on: { Go: { actions: actions as never } } })

describe("defineActor refuses", () => {
  it.each<readonly [string, AnyStateMachine, RegExp]>([
    [
      "a callback invoked by a child of a child",
      createMachine({
        invoke: {
          src: createMachine({
            initial: "a",
            states: { a: { invoke: { src: fromCallback(() => undefined), id: "ticks" } } },
          }),
        },
      }),
      /thing.*a" invokes "ticks", a callback \(fromCallback\), which lives in memory only.*defineCall\(/,
    ],
    [
      "invoke of logic that nobody has provided",
      createMachine({ initial: "a", states: { a: { on: { Go: "b" } }, b: { invoke: { src: "pay" } } } }),
      /b" invokes logic of the name "pay", which the machine does not have.*setup\(\{ actors: \{ "pay"/,
    ],
    [
      "invoke of a callback",
      createMachine({
        initial: "a",
        states: {
          a: { on: { Go: "b" } },
          b: { invoke: { src: fromCallback(() => undefined), onError: "a" } },
        },
      }),
      /b" invokes a callback \(fromCallback\), which lives in memory only.*`after`.*fromPromise/,
    ],
    [
      "invoke of an observable",
      createMachine({
        invoke: { id: "ticks", src: fromObservable(() => ({ subscribe: () => ({}) }) as never) },
      }),
      /invokes "ticks", an observable \(fromObservable.*tell\(/,
    ],
    [
      "invoke of logic of other kinds",
      createMachine({ invoke: { src: { transition: () => ({}), getInitialSnapshot: () => ({}) } as never } }),
      /invokes logic that is no promise, transition or machine.*fromTransition/,
    ],
    ["spawnChild on entry", createMachine({ entry: spawnChild(child) }), /logic has no name.*setup\(/],
    [
      "spawnChild on exit",
      createMachine({ initial: "a", states: { a: { exit: spawnChild(child) } } }),
      /logic has no name/,
    ],
    [
      "spawnChild in always",
      createMachine({
        initial: "a",
        states: { a: { always: { target: "b", actions: spawnChild(child) } }, b: {} },
      }),
      /logic has no name/,
    ],
    [
      "spawnChild in an initial transition",
      createMachine({ initial: { target: "a", actions: spawnChild(child) } as never, states: { a: {} } }),
      /logic has no name/,
    ],
    [
      "spawnChild of a callback",
      createMachine({ on: { Go: { actions: spawnChild("ticks" as never) } } }).provide({
        actors: { ticks: fromCallback(() => undefined) },
      } as never),
      /spawns "ticks", a callback .*lives in memory only/,
    ],
    ["sendParent", onGo(sendParent({ type: "Hi" })), /sends to its parent.*dispatch/],
    [
      "sendParent by name",
      setup({ actions: { tell: sendParent({ type: "Hi" }) as never } }).createMachine({
        on: { Go: { actions: "tell" as never } },
      }),
      /sends to its parent/,
    ],
  ])("%s", (_, machine, message) => {
    expect(define(machine)).toThrow(message)
    expect(define(machine)).toThrow(
      expect.objectContaining({ _tag: "InvalidDefinition", actorType: "thing" }),
    )
  })

  it.each<readonly [string, AnyStateMachine, RegExp]>([
    [
      "a delay of `after` with a typing error",
      setup({ delays: { holdTime: 600_000 } }).createMachine({
        initial: "free",
        states: { free: { on: { Held: "held" } }, held: { after: { holdTme: "free" } as never } },
      }),
      /state "\(machine\)\.held" has `after` with the delay "holdTme", which the machine does not have\. The machine has "holdTime"\. Provide it/,
    ],
    [
      "a delay of `raise` that is only the name of something",
      onGo(raise({ type: "Free" } as never, { delay: "toString" as never })),
      /has `raise` with the delay "toString".*The machine has no delays/,
    ],
    [
      "a guard",
      createMachine({ on: { Go: { guard: "isPaid", actions: () => undefined } } }),
      /has `on` of "Go" with the guard "isPaid".*The machine has no guards/,
    ],
    [
      "a guard inside of others, of `always`",
      setup({ guards: { known: () => true } }).createMachine({
        initial: "a",
        states: {
          a: { always: { guard: and(["known", not("missing" as never)]) as never, target: "b" } },
          b: {},
        },
      }),
      /has `always` with the guard "missing".*The machine has "known"/,
    ],
    [
      "an announced event that the definition does not have",
      createMachine({ on: { Go: { actions: announce("everstate.gone") as never } } }),
      /announces "everstate\.gone", which is no event of the definition/,
    ],
    [
      "a context that cannot be kept",
      createMachine({ context: { list: [{ log: () => undefined }] } }),
      /the machine's context\.list\[0\]\.log cannot be stored: it is a function\. Keep plain data there/,
    ],
  ])("%s", (_, machine, message) => {
    expect(define(machine)).toThrow(message)
  })

  it("two integration events of one type", () => {
    const paid = defineIntegrationEvent({ type: "order.paid", schema, description: "It is paid." })
    const other = { ...paid, version: 2 }
    expect(define(createMachine({}), { publishes: [paid] })).not.toThrow()
    expect(define(createMachine({}), { publishes: [paid, other] })).toThrow(/of one type in `publishes`/)
  })

  it("an announced event that `events` does not have", () => {
    const machine = createMachine({ on: { Go: { actions: announce("Gone") as never } } })
    const go = { events: { Go: defineEvent(schema) }, commands: {} }
    expect(define(machine, go)).toThrow(
      /announces "Gone".*Give it in `events`: "Gone": defineEvent\(schema\)/,
    )
    expect(
      define(machine, { events: { ...go.events, Gone: defineEvent(schema) }, commands: {} }),
    ).not.toThrow()
  })

  it("all of it at once, each with its place, its reason and what to write instead", () => {
    const machine = createMachine({
      initial: "a",
      states: {
        a: { on: { Go: "b" }, exit: [spawnChild(child), sendParent({ type: "Hi" })] },
        b: { invoke: { src: fromCallback(() => undefined), systemId: "kid" } },
      },
    })
    const refused = expect.objectContaining({
      what: 'state "(machine).a" spawns a child whose logic has no name (spawnChild)',
      problems: [
        expect.objectContaining({
          what: 'state "(machine).a" spawns a child whose logic has no name (spawnChild)',
        }),
        expect.objectContaining({ hint: expect.stringMatching(/dispatch\(\(\) => send\.tell/) }),
        expect.objectContaining({ what: expect.stringMatching(/state "\(machine\)\.b" invokes/) }),
      ],
    })
    expect(define(machine)).toThrow(refused)
    expect(define(machine)).toThrow(
      /cannot be defined, for 3 reasons:\n {2}1\. state .*\n {2}2\. state .*\n {2}3\. /,
    )
  })

  it.each(["", "Order", "1st", "a.b", "a b", "a*", ">", "주문", "x".repeat(65)])(
    "the type name %j",
    (type) => {
      expect(define(createMachine({}), { type })).toThrow(/lower-case letters/)
    },
  )

  it.each(["", "*", "xstate.stop"])("the event or command name %j", (name) => {
    expect(define(createMachine({}), { events: { [name]: defineEvent(schema) }, commands: {} })).toThrow(
      /name/,
    )
    expect(
      define(createMachine({}), { events: {}, commands: { [name]: { schema, decide: () => [] } } }),
    ).toThrow(/name/)
  })

  it("a missing upcaster, and a version that is none", () => {
    const events = (options: object) => ({
      events: { Done: defineEvent({ schema, ...options } as never) },
      commands: {},
    })
    expect(define(createMachine({}), events({ version: 3, upcast: { 1: () => ({}) } }))).toThrow(
      /give upcast\[2\], from version 2 to 3/,
    )
    expect(define(createMachine({}), events({ version: 0 }))).toThrow(/whole numbers from 1/)
    expect(define(createMachine({}), events({ version: 1.5 }))).toThrow(/whole numbers from 1/)
  })

  it("events without commands, commands without events, and bounds that are none", () => {
    expect(define(createMachine({}), { events: {} })).toThrow(/Give both, or neither/)
    expect(define(createMachine({}), { commands: {} })).toThrow(/Give both, or neither/)
    for (const name of ["commandsRememberedCount", "snapshotEveryEvents", "snapshotVersion"]) {
      for (const value of [0, -1, 1.5, Number.NaN])
        expect(define(createMachine({}), { [name]: value })).toThrow(/whole number above 0/)
    }
  })
})

describe("what a configuration does not show", () => {
  it.each([
    [
      "spawned in assign",
      onGo(assign({ kid: ({ spawn }: { spawn: (logic: unknown) => unknown }) => spawn(child) } as never)),
    ],
    ["spawned in enqueueActions", onGo(enqueueActions(({ enqueue }) => enqueue.spawnChild(child as never)))],
    [
      "sent in enqueueActions",
      onGo(enqueueActions(({ enqueue }) => enqueue.sendTo("x" as never, { type: "Hi" } as never))),
    ],
    ["published without a promise", onGo(emit({ type: "Hi" }))],
    ["raised after no time that is one", onGo(raise({ type: "Hi" }, { delay: () => Number.NaN }))],
  ])("is refused when it happens: %s", async (_, machine) => {
    const Thing = defineActor({ type: "thing", machine: machine as AnyStateMachine })
    const { system, journal } = await startMemory({ actors: [Thing] })
    await expect(system.get(Thing, "a").ask({ type: "Go" })).rejects.toMatchObject({ _tag: "CommandFailed" })
    expect(journal.counts.append).toBe(0)
    expect((await system.get(Thing, "a").state()).version).toBe(0)
  })
})

it.each(["xstate.done.actor.x", "xstate.after.1.a", "everstate.answered"])(
  "nobody but the runtime brings %s",
  async (type) => {
    const Open = defineActor({ type: "open", machine: createMachine({ on: { "*": {} } }) })
    const { system } = await startMemory({ actors: [Open] })
    await expect(system.get(Open, "a").ask({ type } as never)).rejects.toMatchObject({
      _tag: "CommandRejected",
    })
  },
)

it("a machine alone is an actor: its events are its commands, raise and always are followed", async () => {
  const Door = defineActor({
    type: "door",
    machine: setup({ types: { events: {} as { type: "Push" | "Lock" | "Fell" } } }).createMachine({
      initial: "closed",
      states: {
        closed: { on: { Push: "open", Lock: "locked" } },
        open: { entry: raise({ type: "Fell" }), on: { Fell: "falling" } },
        falling: { always: "closed" },
        locked: { type: "final" },
      },
    }),
  })
  const { system, journal } = await startMemory({ actors: [Door] })
  const door = system.get(Door, "d")
  await door.ask({ type: "Push" })
  expect((await door.state()).state.value).toBe("closed")
  await expect(door.ask({ type: "Fell" })).rejects.toMatchObject({
    _tag: "CommandRejected",
    reason: "NotAccepted",
    state: "closed",
  })
  await door.ask({ type: "Lock" })
  await expect(door.ask({ type: "Push" })).rejects.toMatchObject({ _tag: "CommandRejected", state: "locked" })
  const { system: next } = await startMemory({ actors: [Door], journal })
  expect(await next.get(Door, "d").state()).toMatchObject({
    version: 2,
    state: { value: "locked", status: "done" },
  })
})
