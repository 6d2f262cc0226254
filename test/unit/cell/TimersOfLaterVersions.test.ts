/** A timer that another node has set, on a node whose state is behind: it is not taken for one that is over. */
import { expect, it } from "vitest"
import { createMachine } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { unborn } from "../../../runtime/cell/Fold.ts"
import { playRound } from "../../../runtime/cell/Round.ts"
import { WaitingCommand } from "../../../runtime/cell/Waiting.ts"
import { type ActorDefinition, defineActor } from "../../../runtime/definition/Actor.ts"

const Bell = defineActor({
  type: "bell",
  machine: createMachine({
    initial: "idle",
    states: { idle: { on: { Set: "set" } }, set: { after: { 1000: "idle" } } },
  }),
} as never) as ActorDefinition

const address = addressOf("bell", "b", 8)

it.each([
  ["of a later version", "5.0", true],
  ["that is over", "0.0", false],
  ["that no node has set", "rubbish", false],
])("a timer %s is dropped once the state is known to be the newest: %s, %s", (_, generation, isLookedFor) => {
  const timer = {
    _tag: "Signal",
    kind: "timer",
    commandId: "everstate:bell/b.timer.t.5.0",
    fingerprint: "",
    metadata: undefined,
    name: "xstate.after.1000.bell.set",
    since: 0,
    generation,
    at: 1_000,
  } as const
  const waiting = new WaitingCommand(timer, undefined, () => undefined, true)
  const limits = { commitBytesMax: 1_000_000, format: 2, nowMs: 2_000 } as const
  const round = playRound(Bell, address, unborn(Bell, "b"), [waiting], limits)
  expect(round.entries).toEqual([])
  // What refuses a message is looked for, or fenced, before the message is let go.
  expect(round.refusesMessage).toBe(isLookedFor)
})
