/** What waits in front of a cell: what is known of timers from it, and how it is counted. */
import { Exit } from "effect"
import { expect, it } from "vitest"
import { timersWithout, WaitingCommand, WaitingRead } from "../../../runtime/cell/Waiting.ts"

const timer = { g: "1.0", at: 0, e: { type: "Rang" } }

const signal = (kind: "timer" | "call", name: string) =>
  new WaitingCommand(
    { _tag: "Signal", kind, name, generation: "1.0", commandId: name, fingerprint: "", since: 0 } as never,
    undefined,
    () => undefined,
    true,
  )

it("FAULT 58: a timer whose message woke its actor is not placed once more, others are", () => {
  const timers = new Map([
    ["here", timer],
    ["lost", timer],
  ])
  const rest = timersWithout(timers, [signal("timer", "here"), signal("call", "lost")])
  expect([...rest.keys()]).toEqual(["lost"])
})

it("counts an item once, though it goes to another node and comes back before it is answered", () => {
  const inFlight = { count: 0 }
  const item = new WaitingRead(() => undefined)
  item.countIn(inFlight)
  item.countIn(inFlight)
  expect(inFlight.count).toBe(1)
  item.settle(Exit.interrupt())
  item.countIn(inFlight)
  expect(inFlight.count).toBe(0)
})
