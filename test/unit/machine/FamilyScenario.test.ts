/** A machine with children in the scenario kit, and in a system: its timers, its calls, its way back. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { reject } from "../../../runtime/index.ts"
import { testActor } from "../../../runtime/testing.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"
import { Household } from "../../simulation/Household.ts"

describe("a scenario", () => {
  it("decides on what children are, and asks for their timers", () => {
    testActor(Household)
      .when({ type: "Arrive", name: "ann" })
      .then({ type: "Arrived", name: "ann" })
      .thenSchedules({ id: "guest-ann/xstate.after.stays.(machine).here", afterMs: 4_000 })
    testActor(Household).when({ type: "Feed", name: "ann" }).then(reject("NotHere"))
    const fed = { type: "Fed", name: "ann" } as const
    testActor(Household)
      .given({ type: "Arrived", name: "ann" }, fed, fed, fed)
      .when({ type: "Feed", name: "ann" })
      .then(reject("NotHungry"))
  })

  it("knows what is over once a child's timer has fired", () => {
    const here = "guest-ann/xstate.after.stays.(machine).here"
    const fired = {
      to: "guest-ann",
      from: "guest-ann",
      event: { type: "xstate.after.stays.(machine).here" },
      firedAtMs: 1,
    }
    testActor(Household)
      .given({ type: "Arrived", name: "ann" })
      .when({ type: "SendHome", name: "ann" })
      .thenCancels(here)
    testActor(Household)
      .given({ type: "Arrived", name: "ann" })
      .givenStored({ t: "everstate.inside", v: 1, d: fired })
      .when({ type: "Heat" })
      .thenCancels()
  })
})

describe("a system", () => {
  it("makes the call of a child, and the actor comes back as it was", async () => {
    const journal = new JournalScripted()
    await virtually({ actors: [Household], journal }, ({ system }) =>
      Effect.gen(function* () {
        const household = system.get(Household, "h")
        yield* household.ask({ type: "Arrive", name: "ann" })
        yield* household.ask({ type: "Heat" })
        yield* TestClock.adjust("2 seconds")
        yield* TestClock.adjust("100 millis")
        const { state } = yield* household.state()
        expect(state.context).toMatchObject({ degrees: 20, told: 3, counted: 3 })
        expect(state.children["boiler"]?.getSnapshot().value).toBe("cold")
      }),
    )
    const { system } = await startMemory({ actors: [Household], journal })
    await eventually(async () => {
      const { state } = await system.get(Household, "h").state()
      return state.context.degrees === 20 && state.context.guests["ann"]?.getSnapshot().value === "here"
    })
  })
})
