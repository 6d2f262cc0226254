import { Schema } from "effect"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type AnyStateMachine, cancel, createMachine, raise, setup } from "xstate"
import { announce, defineActor, defineEvent } from "../../../runtime/index.ts"

const define = (machine: AnyStateMachine) => defineActor({ type: "born", machine } as never)

let told: Array<string> = []
beforeEach(() => {
  told = []
  vi.spyOn(console, "log").mockImplementation((...given) => void told.push(given.join(" ")))
})
afterEach(() => vi.restoreAllMocks())

describe("defineActor warns", () => {
  it("of an action that nobody has provided, once for each state", () => {
    const { warnings } = define(
      setup({ actors: { kid: createMachine({ entry: "wave" }) } }).createMachine({
        initial: "free",
        states: { free: { on: { Go: { actions: ["notify", "notify"] as never } }, exit: "log" as never } },
      }),
    )
    expect(warnings).toEqual([
      expect.stringMatching(/^Actor type "born": state "\(machine\)\.free" names the action "log"/),
      expect.stringMatching(
        /state "\(machine\)\.free" names the action "notify".*nothing is done\. Provide it/,
      ),
      expect.stringMatching(/names the action "wave"/),
    ])
    expect(told).toHaveLength(3)
  })

  it("of an event that no state handles and the machine does not announce", () => {
    const schema = Schema.Struct({})
    const { warnings } = defineActor({
      type: "deaf",
      machine: createMachine({
        on: { "order.*": { actions: () => undefined } },
        initial: "a",
        states: { a: { on: { Told: { target: "a", actions: announce("Announced") as never } } } },
      }),
      events: {
        Told: defineEvent(schema),
        "order.paid": defineEvent(schema),
        Announced: defineEvent(schema),
        Unheard: defineEvent(schema),
      },
      commands: {},
    } as never)
    expect(warnings).toEqual([
      expect.stringMatching(
        /^Actor type "deaf": no state handles the event "Unheard", so a command that decides it/,
      ),
    ])
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
})
