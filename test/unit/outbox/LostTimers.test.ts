/** Schedules that are gone from the mailbox are placed again, and only what was lost is said to be. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { Desk } from "../../fixtures/memory/Desk.ts"
import { virtually } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const setUp = () => {
  const messaging = new MessagingMemory()
  const logs: Array<string> = []
  const { contents } = messaging.mailbox
  return {
    options: { actors: [Desk], messaging, logs },
    lose: () => contents.loseSchedules(),
    scheduleCount: () => [...contents.schedules].length,
    complaints: () => logs.filter((line) => line.includes("were lost from the mailbox")),
  }
}

it("are no loss where they were set before this node looked for the first time", () => {
  const { options, complaints, scheduleCount } = setUp()
  return virtually(options, ({ system }) =>
    Effect.gen(function* () {
      yield* system.get(Desk, "d").ask({ type: "Open", sheet: "1" })
      yield* TestClock.adjust("15 seconds")
      expect(complaints()).toEqual([])
      expect(scheduleCount()).toBe(1)
    }),
  )
})

it("are placed again though the replica that is read lags, and said to be lost", () => {
  const { options, complaints, scheduleCount, lose } = setUp()
  return virtually(options, ({ system, journal }) =>
    Effect.gen(function* () {
      yield* system.get(Desk, "d").ask({ type: "Open", sheet: "1" })
      yield* TestClock.adjust("5 seconds")
      lose()
      journal.script.scan = ["empty", "empty"]
      yield* TestClock.adjust("30 seconds")
      expect(journal.script.scan).toEqual([])
      expect(scheduleCount()).toBe(1)
      expect(complaints()).toEqual([
        expect.stringContaining("of 1 shards were lost from the mailbox: 1 timers"),
      ])
    }),
  )
})
