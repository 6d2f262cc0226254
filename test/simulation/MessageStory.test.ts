/** Messages, timers and calls by script: what must happen in the cases that somebody thought of. */
import { describe, expect, it } from "vitest"
import { CallRefused } from "../../runtime/index.ts"
import { playStory, type Simulation, type StoryOptions } from "../../runtime/testing.ts"
import { Clerk, Desk, type DeskContext } from "../fixtures/memory/Desk.ts"
import { Reminder } from "./Reminder.ts"

const office: StoryOptions = {
  actors: [Desk, Clerk, Reminder],
  calls: { desk: { file: ({ input }) => `${input} is filed` } },
  nodes: 1,
}

const stamps = (sim: Parameters<Parameters<typeof playStory>[1]>[0], id: string) =>
  sim.history(Clerk, id).map(({ event }) => (event as { sheet?: string }).sheet)

describe("a story of messages", () => {
  it("FAULT 63: what was told is applied once, though everybody is down meanwhile", async () => {
    await playStory({ ...office, nodes: 2 }, async (sim) => {
      sim.failNext("mailbox.publish", "message answer lost")
      const { commandId } = await sim.tell(Clerk, "c", { type: "Stamp", sheet: "one" }, { commandId: "t-1" })
      expect(commandId).toBe("t-1")
      sim.crash(1)
      sim.crash(2)
      await sim.advance("1 day")
      sim.restart(1)
      await sim.eventually("it is stamped", () => stamps(sim, "c").length > 0)
      await sim.tell(Clerk, "c", { type: "Stamp", sheet: "one" }, { commandId: "t-1" })
      await sim.tell(Clerk, "c", { type: "Stamp", sheet: "two" })
      await sim.eventually("the next one, too", () => stamps(sim, "c").includes("two"))
      expect(stamps(sim, "c")).toEqual(["one", "two"])
    })
  })

  it("FAULT 82: a timer that is due at once fires, though the clock is set back before it is handed out", async () => {
    await playStory(office, async (sim) => {
      sim.failNext("mailbox.schedule", "schedule lost")
      await sim.ask(Reminder, "r", { type: "Remind", afterMs: 0 })
      sim.jumpClock(1, -3_600_000)
      await sim.eventually("it rings", () => sim.history(Reminder, "r").length > 1, 10_000)
    })
  })

  it("FAULT 62: a crash between commit and sending loses nothing, and sends nothing twice", async () => {
    await playStory(office, async (sim) => {
      sim.failNext("journal.append", "ack lost")
      const sheets = ["one", "two", "three"]
      for (const _ of sheets) sim.failNext("mailbox.publish", "message lost")
      const asking = sim.ask(Desk, "d", { type: "Tell", clerk: "c", sheets })
      await sim.advance(100)
      sim.crash(1)
      expect(sim.history(Desk, "d")).toHaveLength(1)
      expect(stamps(sim, "c")).toEqual([])
      sim.restart(1)
      await asking
      await sim.eventually("all are stamped", () => stamps(sim, "c").length === sheets.length)
      expect(stamps(sim, "c")).toEqual(sheets)
    })
  })

  it("FAULT 8, FAULT 28: lost acknowledgements and a consumer made anew repeat messages without effect", async () => {
    await playStory(office, async (sim) => {
      for (let index = 0; index < 5; index++) {
        sim.failNext("mailbox.ack", "message ack lost")
        await sim.tell(Clerk, "c", { type: "Stamp", sheet: `${index}` })
      }
      sim.failNext("mailbox.receive", "consumer deleted")
      await sim.tell(Clerk, "c", { type: "Stamp", sheet: "last" })
      await sim.advance("2 minutes")
      expect(stamps(sim, "c")).toEqual(["0", "1", "2", "3", "4", "last"])
    })
  })

  it("FAULT 39: what the actor refuses is a dead letter, and the next message proceeds", async () => {
    await playStory(office, async (sim) => {
      for (const sheet of ["blank", "broken", "good"]) await sim.tell(Clerk, "c", { type: "Stamp", sheet })
      await sim.eventually("the good one is stamped", () => stamps(sim, "c").includes("good"))
      await sim.eventually("there are two dead letters", () => sim.deadLetters().length === 2)
      expect(sim.deadLetters().map(({ key, reason }) => [key, reason])).toEqual([
        ["clerk/c", "Rejected"],
        ["clerk/c", "Failed"],
      ])
    })
  })

  it("keeps dead letters for a store that is out of reach", async () => {
    await playStory(office, async (sim) => {
      for (let index = 0; index < 3; index++) sim.failNext("deadLetters", "dead letters unavailable")
      await sim.tell(Clerk, "c", { type: "Stamp", sheet: "blank" })
      await sim.eventually("the letter is there", () => sim.deadLetters().length === 1)
    })
  })

  it("publishes what a commit carries, once, though answers are lost", async () => {
    await playStory(office, async (sim) => {
      sim.failNext("publisher", "publication answer lost")
      await sim.ask(Desk, "d", { type: "Open", sheet: "s" })
      await sim.eventually("it is published", () => sim.published().length > 0)
      await sim.advance("1 minute")
      expect(sim.published().map(({ type }) => type)).toEqual(["desk.opened"])
    })
  })
})

describe("a story of timers", () => {
  const ringsOf = (sim: Simulation) =>
    sim.history(Reminder, "r").filter(({ event }) => event.type === "Rang").length

  it("a 30-day timer takes a few hundred steps", async () => {
    const { virtualMs, stepCount } = await playStory({ ...office, nodes: 1 }, async (sim) => {
      await sim.ask(Reminder, "r", { type: "Remind", afterMs: 30 * 86_400_000 })
      await sim.advance("29 days")
      expect(sim.history(Reminder, "r")).toHaveLength(1)
      await sim.advance("1 day")
      await sim.eventually("it rang", () => ringsOf(sim) === 1, 100)
    })
    expect(virtualMs).toBeGreaterThanOrEqual(30 * 86_400_000)
    expect(stepCount).toBeLessThan(50_000)
  })

  it("FAULT 55: rings once though its message comes twice", async () => {
    await playStory(office, async (sim) => {
      sim.failNext("mailbox.schedule", "schedule fires twice")
      await sim.ask(Reminder, "r", { type: "Remind", afterMs: 5_000 })
      await sim.advance("1 minute")
      expect(ringsOf(sim)).toBe(1)
    })
  })

  it("FAULT 56: what was cancelled does not ring, though the schedule cannot be taken out", async () => {
    await playStory(office, async (sim) => {
      sim.failNext("mailbox.schedule", "unschedule lost")
      await sim.ask(Reminder, "r", { type: "Remind", afterMs: 3_600_000 })
      await sim.ask(Reminder, "r", { type: "Forget" })
      await sim.advance("2 hours")
      expect(sim.history(Reminder, "r").map(({ event }) => event.type)).toEqual(["Reminded", "Forgotten"])
    })
  })

  it("FAULT 57: a schedule that vanished is made again when its actor comes into memory", async () => {
    await playStory({ ...office, settings: { idleMs: 1_000 } }, async (sim) => {
      // The sentinels are placed: what is lost alone is not missed.
      await sim.advance("1 minute")
      sim.failNext("mailbox.schedule", "schedule vanishes")
      await sim.ask(Reminder, "r", { type: "Remind", afterMs: 3_600_000 })
      await sim.advance("2 hours")
      expect(sim.history(Reminder, "r")).toHaveLength(1)
      await sim.state(Reminder, "r")
      await sim.eventually("it rang", () => ringsOf(sim) === 1)
    })
  })

  it("FAULT 58: rings once, late, when everything was down at its time", async () => {
    await playStory(office, async (sim) => {
      await sim.ask(Reminder, "r", { type: "Remind", afterMs: 60_000 })
      sim.takeDown("journal")
      sim.crash(1)
      await sim.advance("1 day")
      sim.bringUp("journal")
      sim.restart(1)
      await sim.eventually("it rang", () => ringsOf(sim) === 1)
      await sim.advance("1 hour")
      expect(ringsOf(sim)).toBe(1)
    })
  })
})

describe("a story of calls", () => {
  const outcomeOf = async (sim: Parameters<Parameters<typeof playStory>[1]>[0]) =>
    ((await sim.state(Desk, "d")).state.context as DeskContext).outcome

  it("makes a call again whose answer was lost, under the same key", async () => {
    const keys: Array<string> = []
    const calls: StoryOptions["calls"] = {
      desk: { file: ({ idempotencyKey }) => `filing ${keys.push(idempotencyKey)}` },
    }
    await playStory({ ...office, calls }, async (sim) => {
      sim.failNext("calls", "call answer lost")
      await sim.ask(Desk, "d", { type: "Open", sheet: "file:a" })
      await sim.eventually("there is an outcome", () => sim.history(Desk, "d").length === 2)
      expect(await outcomeOf(sim)).toBe("filing 2")
      expect(new Set(keys).size).toBe(1)
    })
  })

  it("goes on with a call after a crash in the middle of it", async () => {
    await playStory({ ...office, nodes: 2 }, async (sim) => {
      for (const _ of [1, 2]) sim.failNext("calls", "call hangs")
      await sim.ask(Desk, "d", { type: "Open", sheet: "file:a" })
      await sim.advance(200)
      sim.crash(1)
      sim.crash(2)
      await sim.advance("10 seconds")
      sim.restart(2)
      await sim.eventually("there is an outcome", () => sim.history(Desk, "d").length === 2)
      expect(await outcomeOf(sim)).toBe("file:a is filed")
    })
  })

  it("takes no for an answer", async () => {
    const calls: StoryOptions["calls"] = {
      desk: {
        file: () => {
          throw new CallRefused("OfficeClosed")
        },
      },
    }
    await playStory({ ...office, calls }, async (sim) => {
      await sim.ask(Desk, "d", { type: "Open", sheet: "file:a" })
      await sim.eventually("there is an outcome", () => sim.history(Desk, "d").length === 2)
      expect(await outcomeOf(sim)).toMatchObject({ reason: "OfficeClosed", attemptCount: 1 })
    })
  })

  it("names the call that has no stand-in", async () => {
    const told = playStory({ actors: [Desk, Clerk], nodes: 1 }, async (sim) => {
      await sim.ask(Desk, "d", { type: "Open", sheet: "file:a" })
      await sim.advance(1_000)
    })
    await expect(told).rejects.toThrow(/the call "file" of desk/)
  })
})
