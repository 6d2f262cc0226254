/** What `defineActor` refuses, and that each refusal says what to write instead. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import {
  type AnyStateMachine,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate"
import { defineActor, event } from "../../../runtime/index.ts"
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
      "after",
      createMachine({ initial: "a", states: { a: { after: { 100: "b" } }, b: {} } }),
      /`after`.*send a command/,
    ],
    [
      "after by name",
      setup({ delays: { soon: 1 } }).createMachine({
        initial: "a",
        states: { a: { after: { soon: "b" } }, b: {} },
      }),
      /`after`/,
    ],
    [
      "invoke",
      createMachine({ invoke: { src: fromPromise(async () => 1) } }),
      /`invoke`.*as a command with a commandId/,
    ],
    [
      "invoke in a nested state",
      createMachine({
        initial: "a",
        states: { a: { initial: "b", states: { b: { invoke: { src: child } } } } },
      }),
      /thing.*a\.b.*`invoke`/,
    ],
    ["spawnChild on entry", createMachine({ entry: spawnChild(child) }), /spawns a child.*defineActor/],
    [
      "spawnChild on exit",
      createMachine({ initial: "a", states: { a: { exit: spawnChild(child) } } }),
      /spawns a child/,
    ],
    [
      "spawnChild in always",
      createMachine({
        initial: "a",
        states: { a: { always: { target: "b", actions: spawnChild(child) } }, b: {} },
      }),
      /spawns a child/,
    ],
    [
      "spawnChild in an initial transition",
      createMachine({ initial: { target: "a", actions: spawnChild(child) } as never, states: { a: {} } }),
      /spawns a child/,
    ],
    ["stopChild", onGo(stopChild("x")), /stops a child/],
    ["sendTo", onGo(sendTo("x", { type: "Hi" })), /sends to another actor/],
    [
      "sendTo by name",
      setup({ actions: { tell: sendTo("x", { type: "Hi" }) as never } }).createMachine({
        on: { Go: { actions: "tell" as never } },
      }),
      /sends to another actor/,
    ],
    ["sendParent", onGo(sendParent({ type: "Hi" })), /sends to another actor/],
    ["emit", onGo(emit({ type: "Hi" })), /emits an event.*Projections/],
    ["cancel", onGo(cancel("x")), /cancels a delayed event/],
    [
      "a delayed raise",
      onGo(raise({ type: "Hi" }, { delay: 1 })),
      /raises an event with a delay.*without a delay/,
    ],
  ])("%s", (_, machine, message) => {
    expect(define(machine)).toThrow(message)
    expect(define(machine)).toThrow(expect.objectContaining({ _tag: "DefinitionError", actorType: "thing" }))
  })

  it.each(["", "Order", "1st", "a.b", "a b", "a*", ">", "주문", "x".repeat(65)])(
    "the type name %j",
    (type) => {
      expect(define(createMachine({}), { type })).toThrow(/lower-case letters/)
    },
  )

  it.each(["", "*", "xstate.stop"])("the event or command name %j", (name) => {
    expect(define(createMachine({}), { events: { [name]: event(schema) }, commands: {} })).toThrow(/name/)
    expect(
      define(createMachine({}), { events: {}, commands: { [name]: { schema, decide: () => [] } } }),
    ).toThrow(/name/)
  })

  it("a missing upcaster, and a version that is none", () => {
    const events = (options: object) => ({
      events: { Done: event({ schema, ...options } as never) },
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
    [
      "emitted in enqueueActions",
      onGo(enqueueActions(({ enqueue }) => enqueue.emit({ type: "Hi" } as never))),
    ],
    [
      "raised later in enqueueActions",
      onGo(enqueueActions(({ enqueue }) => enqueue.raise({ type: "Hi" } as never, { delay: 1 }))),
    ],
  ])("is refused when it happens: %s", async (_, machine) => {
    const Thing = defineActor({ type: "thing", machine: machine as AnyStateMachine })
    const { system, journal } = await startMemory({ actors: [Thing] })
    await expect(system.get(Thing, "a").ask({ type: "Go" })).rejects.toMatchObject({ _tag: "CommandFailed" })
    expect(journal.counts.append).toBe(0)
    expect((await system.get(Thing, "a").state()).version).toBe(0)
  })
})

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
