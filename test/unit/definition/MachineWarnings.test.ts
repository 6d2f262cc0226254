import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type AnyStateMachine, cancel, raise, setup } from "xstate"
import { defineActor } from "../../../runtime/index.ts"

const define = (machine: AnyStateMachine) => defineActor({ type: "born", machine } as never)

let told: Array<string> = []
beforeEach(() => {
  told = []
  vi.spyOn(console, "log").mockImplementation((...given) => void told.push(given.join(" ")))
})
afterEach(() => vi.restoreAllMocks())

describe("defineActor warns", () => {
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
})
