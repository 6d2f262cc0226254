/** What is known of timers from what waits in front of a cell. */
import { expect, it } from "vitest"
import { timersWithout, WaitingCommand } from "../../../runtime/cell/Waiting.ts"

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
