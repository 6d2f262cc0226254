/** What waits in front of a cell: what is known of timers from it, and how it is counted. */
import { Exit } from "effect"
import { expect, it } from "vitest"
import { Busy, SystemStopped, Unavailable } from "../../../runtime/cell/AskError.ts"
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

it("is not said to be unstored when it is refused unseen after an earlier attempt", () => {
  const about = { actorType: "counter", id: "c" }
  const refusals = [
    new Busy({ ...about, queue: "System", limitCount: 1 }),
    new SystemStopped(about),
    new Unavailable({ ...about, stored: "No", detail: "paused", hint: "" }),
  ]
  for (const error of refusals) {
    for (const wasSent of [false, true]) {
      const answers: Array<Exit.Exit<unknown, unknown>> = []
      const command = { _tag: "Command", type: "Add", commandId: "c" } as never
      const item = new WaitingCommand(command, undefined, (exit) => answers.push(exit))
      item.wasSent = wasSent
      item.refuse(error)
      const [answer] = answers
      const found = answer !== undefined && Exit.isFailure(answer) ? answer.cause.reasons[0] : undefined
      expect(found).toMatchObject({ error: wasSent ? { _tag: "Unavailable", stored: "Unknown" } : error })
    }
  }
})
