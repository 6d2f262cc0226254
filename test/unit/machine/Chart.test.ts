/** Charts say all that a drawing of the machine needs, with the keys that a simulation counts by. */
import { describe, expect, it } from "vitest"
import { and, createMachine, not } from "xstate"
import { type ChartState, chartOf } from "../../../runtime/machine/Chart.ts"

const chart = chartOf(
  createMachine({
    id: "desk",
    initial: "open",
    states: {
      open: {
        initial: "empty",
        on: {
          Close: [
            { guard: not("isLate"), target: "closed" },
            { guard: and(["isPaid", { type: "isAt", params: { states: ["a"] } }]), target: "closed" },
          ],
          Pause: "paused",
        },
        states: {
          empty: { always: { guard: { type: "isAt", params: { states: ["b"] } }, target: "full" } },
          full: { after: { 500: "empty" } },
          last: { type: "history", history: "deep", target: "full" },
          again: { type: "history" },
        },
      },
      paused: { on: { Resume: "open.last" } },
      closed: { type: "final" },
    },
  }),
)

const at = (path: string): ChartState =>
  path.split(".").reduce<ChartState>((state, key) => {
    const found = state.states.find((one) => one.key === key)
    if (found === undefined) throw new Error(`no state ${path}`)
    return found
  }, chart)

describe("the chart of a machine", () => {
  it("names states by their path", () => {
    expect(chart.path).toBe("(root)")
    expect(at("open.full").path).toBe("open.full")
  })

  it("says where a history state leads at first", () => {
    expect(at("open.last")).toMatchObject({ history: "deep", defaultTargets: ["desk.open.full"] })
    expect(at("open.again")).toMatchObject({ history: "shallow", defaultTargets: [] })
  })

  it("gives transitions the keys of the coverage", () => {
    expect(at("open").transitions.map(({ key }) => key)).toEqual([
      "open --Close--> closed (1 of 2)",
      "open --Close--> closed (2 of 2)",
      "open --Pause--> paused",
    ])
    expect(at("open.empty").transitions[0]?.key).toBe("open.empty --always--> open.full")
    expect(at("open.full").transitions[0]?.key).toBe(
      "open.full --xstate.after.500.desk.open.full--> open.empty",
    )
  })

  it("names the parts and parameters of guards", () => {
    const [first, second] = at("open").transitions
    expect(first?.guard).toBe("not(isLate)")
    expect(second?.guard).toBe("and(isPaid, isAt)")
    expect(at("open.empty").transitions[0]).toMatchObject({ guard: "isAt", guardParams: { states: ["b"] } })
  })
})
