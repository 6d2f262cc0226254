/** What `defineActor` warns of, by name, and does not refuse. */
import { Effect } from "effect"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import {
  type AnyStateMachine,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  raise,
  setup,
} from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { IgnoredSnapshots } from "../../../runtime/cell/IgnoredSnapshots.ts"
import { recover } from "../../../runtime/cell/Recovery.ts"
import { defineActor, dispatch, publish } from "../../../runtime/index.ts"
import { makeSnapshotStoreMemory } from "../../../runtime/snapshot/SnapshotStoreMemory.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"

const define = (machine: AnyStateMachine) => defineActor({ type: "born", machine } as never)

/** A state that waits for a second, and the one that it leads to. */
const waiting = { w: { after: { 1000: "done" } }, done: {} }

let told: Array<string> = []
beforeEach(() => {
  told = []
  vi.spyOn(console, "log").mockImplementation((...given) => void told.push(given.join(" ")))
})
afterEach(() => vi.restoreAllMocks())

/** What was asked for on the way through events that the configuration does not show as initial. */
const births: ReadonlyArray<readonly [string, AnyStateMachine, RegExp]> = [
  [
    "raise",
    createMachine({
      initial: "a",
      states: { a: { entry: raise({ type: "GO" }), on: { GO: "w" } }, ...waiting },
    }),
    /timer "xstate\.after\.1000\.\(machine\)\.w".*into state "w"/,
  ],
  [
    "onDone of a state that begins at its end",
    createMachine({
      initial: "a",
      states: { a: { initial: "f", states: { f: { type: "final" } }, onDone: "w" }, ...waiting },
    }),
    /timer "xstate\.after\.1000\.\(machine\)\.w"/,
  ],
  [
    "a history state's default",
    createMachine({
      initial: "p",
      states: { p: { initial: "h", states: { h: { type: "history", target: "w" }, ...waiting } } },
    } as never),
    /timer "xstate\.after\.1000\.\(machine\)\.p\.w".*into state "p\.w"/,
  ],
  [
    "enqueueActions",
    createMachine({
      initial: "w",
      states: {
        w: {
          entry: enqueueActions(({ enqueue }) => enqueue.raise({ type: "T" }, { delay: 1_000 })),
          on: { T: "done" },
        },
        done: {},
      },
    }),
    /timer "T"/,
  ],
  [
    "an action of always",
    createMachine({
      initial: "a",
      states: {
        a: { always: { target: "w", actions: raise({ type: "T" }, { delay: 1_000, id: "t" }) } },
        w: { on: { T: "done" } },
        done: {},
      },
    }),
    /timer "t"/,
  ],
  [
    "a call behind raise",
    createMachine({
      initial: "a",
      states: {
        a: { entry: raise({ type: "GO" }), on: { GO: "w" } },
        w: { invoke: { id: "charge", src: fromPromise(async () => 1), onDone: "done", onError: "done" } },
        done: {},
      },
    }),
    /call "charge"/,
  ],
  [
    "an integration event behind always",
    createMachine({
      initial: "a",
      states: { a: { always: { target: "b", actions: emit({ type: "order.born" }) } }, b: {} },
    }),
    /event "order\.born" \(emit\)/,
  ],
  [
    "a message behind always",
    createMachine({
      initial: "a",
      states: {
        a: { always: { target: "b", actions: dispatch(() => publish("x", {})) as never } },
        b: {},
      },
    }),
    /a message \(dispatch\)/,
  ],
]

describe("defineActor warns", () => {
  it.each(births)("of what is asked for at birth through %s: once, by name", (_, machine, text) => {
    const { warnings } = define(machine)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(text)
    expect(warnings[0]).toMatch(/^Actor type "born": .*Let an event lead into the state that asks\.$/)
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(warnings[0])
    expect(told[0]).toContain("WARN")
  })

  it.each<readonly [string, AnyStateMachine, RegExp]>([
    [
      "`after`",
      setup({ delays: { holdTime: 600_000 } }).createMachine({
        initial: "free",
        states: { free: { on: { Held: "held" } }, held: { after: { holdTme: "free" } as never } },
      }),
      /`after` of state "\(machine\)\.held" waits for the delay "holdTme", which the machine does not have/,
    ],
    [
      "a `raise`",
      setup({ delays: { holdTime: 600_000 } }).createMachine({
        initial: "free",
        states: {
          free: {
            on: {
              Held: {
                target: "held",
                actions: raise({ type: "Free" } as never, { delay: "toString" as never }),
              },
            },
          },
          held: { on: { Free: "free" } as never },
        },
      }),
      /a `raise` of state "\(machine\)\.free" waits for the delay "toString"/,
    ],
  ])("of a delay's name that %s uses and the machine does not have", (_, machine, text) => {
    const { warnings } = define(machine)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(text)
    expect(told).toHaveLength(1)
  })

  it("of nothing where events lead into what waits, and delays have their names", () => {
    const { warnings } = define(
      setup({ delays: { holdTime: 600_000 } }).createMachine({
        initial: "free",
        entry: () => undefined,
        states: {
          free: { entry: raise({ type: "Ready" }), on: { Ready: "open" } },
          open: { on: { Held: "held" } },
          held: {
            entry: raise({ type: "Due" }, { id: "due", delay: "holdTime" }),
            exit: cancel("due"),
            after: { holdTime: "free", 500: "free" },
          },
        },
      }),
    )
    expect(warnings).toEqual([])
    expect(told).toEqual([])
  })

  it("when the first actor is born, where only a real id shows it: once", async () => {
    const machine = setup({
      types: { context: {} as { id: string }, input: {} as { id: string }, events: {} as { type: "GO" } },
    }).createMachine({
      context: ({ input }: { input: { id: string } }) => ({ id: input.id }),
      initial: "a",
      states: {
        a: {
          always: {
            guard: ({ context }: { context: { id: string } }) => context.id !== "",
            target: "b",
            actions: emit({ type: "born" }),
          },
        },
        b: { on: { GO: "a" } },
      },
    } as never)
    const Late = defineActor({ type: "late", machine } as never)
    expect(Late.warnings).toEqual([])
    const ports = {
      journal: new JournalScripted().inner,
      snapshots: makeSnapshotStoreMemory(),
      ignoredSnapshots: new IgnoredSnapshots(),
      outbox: { found: () => undefined },
    }
    for (const id of ["a", "b"]) await Effect.runPromise(recover(ports, Late, addressOf("late", id, 8)))
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/WARN.*Actor type "late": .*event "born" \(emit\).*into state "b"/)
  })
})
