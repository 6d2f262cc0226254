/** Clusters, one case at a time: what becomes of a node's work when the node is gone, or believes that it is not. */
import { describe, expect, it } from "vitest"
import { playStory, type Simulation, type StoryOptions } from "../../runtime/testing.ts"
import { Clerk } from "../fixtures/memory/Desk.ts"
import { Reminder } from "./Reminder.ts"

const cluster = {
  actors: [Reminder, Clerk],
  placement: "leases",
  nodes: 3,
  settings: { leaseMs: 4_000, shardCount: 6 },
} satisfies StoryOptions

const IDS = ["a", "b", "c", "d", "e", "f"]
const stamp = { type: "Stamp", sheet: "one" } as const

const stampsOf = (sim: Simulation) => IDS.reduce((sum, id) => sum + sim.history(Clerk, id).length, 0)

const ringsOf = (sim: Simulation) =>
  IDS.flatMap((id) => sim.history(Reminder, id)).filter(({ event }) => event.type === "Rang").length

describe("a cluster's story", () => {
  it("timers of nodes that never come back ring elsewhere, and nobody sends a message", async () => {
    await playStory(cluster, async (sim) => {
      for (const id of IDS) await sim.ask(Reminder, id, { type: "Remind", afterMs: 20_000 })
      sim.crash(1)
      sim.crash(2)
      await sim.eventually("all have rung", () => ringsOf(sim) === IDS.length)
      expect(sim.nowMs()).toBeLessThan(40_000)
    })
  })

  it("FAULT 7, FAULT 13, FAULT 42: a node that stood still for longer than its lease finds its shards elsewhere", async () => {
    await playStory(cluster, async (sim) => {
      for (const id of IDS) await sim.ask(Clerk, id, stamp, { node: 1 })
      sim.pause(1)
      await sim.advance("20 seconds")
      for (const id of IDS) await sim.ask(Clerk, id, stamp, { node: 2 })
      sim.resume(1)
      for (const id of IDS) await sim.ask(Clerk, id, stamp, { node: 1 })
      expect(stampsOf(sim)).toBe(3 * IDS.length)
      expect(sim.reached("evicted, and joins again")).toBe(1)
      expect(sim.reached("an epoch went back")).toBe(0)
    })
  })

  it("FAULT 9: a crash in the middle of asks costs them seconds, and applies none twice", async () => {
    await playStory(cluster, async (sim) => {
      const asked = IDS.map((id) => sim.ask(Clerk, id, stamp))
      sim.crash(3)
      await Promise.all(asked)
      expect(stampsOf(sim)).toBe(IDS.length)
      expect(sim.nowMs()).toBeLessThan(15_000)
    })
  })
})
