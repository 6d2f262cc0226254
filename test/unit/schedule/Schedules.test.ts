/** Commands at a time, and again and again. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { Schedule } from "../../../runtime/schedule/Schedule.ts"
import type { When } from "../../../runtime/system/Scheduling.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"
import { START_MS } from "../../fixtures/time/RealDate.ts"

const stamp = { type: "Stamp", sheet: "x" } as const

/** Sheets stamped after each move of the clock. */
const stamped = (
  when: When,
  moves: ReadonlyArray<
    "1 second" | "59 seconds" | "1 minute" | "30 minutes" | "1 hour" | "3 hours" | "30 days" | "unschedule"
  >,
): Promise<ReadonlyArray<number>> => {
  const counts: Array<number> = []
  return virtually({ actors: [Clerk] }, ({ system }) => {
    const clerk = system.get(Clerk, "c")
    return Effect.gen(function* () {
      yield* clerk.schedule("s", stamp, when)
      for (const move of moves) {
        if (move === "unschedule") yield* clerk.unschedule("s")
        else yield* TestClock.adjust(move)
        counts.push((yield* clerk.state()).state.context.sheets.length)
      }
    })
  }).then(() => counts)
}

describe("a schedule", () => {
  it("runs once at its time", async () => {
    expect(await stamped({ afterMs: 60_000 }, ["59 seconds", "1 second", "30 days"])).toEqual([0, 1, 1])
  })

  it("runs at once when its time has passed", async () => {
    expect(await stamped({ at: -1 }, ["1 second"])).toEqual([1])
  })

  it("runs again and again by a cron expression", async () => {
    expect(await stamped({ cron: "* * * * *" }, ["59 seconds", "1 second", "1 minute", "1 minute"])).toEqual([
      0, 1, 2, 3,
    ])
  })

  it("never runs once it is ended", async () => {
    expect(await stamped({ cron: "* * * * *" }, ["1 minute", "unschedule", "3 hours"])).toEqual([1, 1, 1])
    expect(await stamped({ afterMs: 60_000 }, ["59 seconds", "unschedule", "30 days"])).toEqual([0, 0, 0])
  })

  it("that is set anew runs at its new time alone", () =>
    virtually({ actors: [Clerk] }, ({ system }) =>
      Effect.gen(function* () {
        const clerk = system.get(Clerk, "c")
        const count = Effect.map(clerk.state(), ({ state }) => state.context.sheets.length)
        yield* clerk.schedule("s", stamp, { afterMs: 60_000 })
        yield* clerk.schedule("s", stamp, { afterMs: 120_000 })
        yield* TestClock.adjust("1 minute")
        expect(yield* count).toBe(0)
        yield* TestClock.adjust("1 minute")
        expect(yield* count).toBe(1)
        yield* TestClock.adjust("1 hour")
        expect(yield* count).toBe(1)
      }),
    ))

  it("runs at its moment, whatever the time is when it is set", async () => {
    expect(await stamped({ afterMs: 60_000 }, ["3 hours"])).toEqual([1])
    expect(await stamped({ at: START_MS + 60_000 }, ["59 seconds", "1 second", "30 days"])).toEqual([0, 1, 1])
    expect(await stamped({ at: new Date(START_MS + 60_000) }, ["59 seconds", "1 second"])).toEqual([0, 1])
  })

  it.each([
    // It is 09:30 UTC, and 10:30 in Berlin, in winter.
    ["Europe/Berlin", "0 12 * * *", ["1 hour", "30 minutes"], [0, 1]],
    ["America/New_York", "0 5 * * *", ["30 minutes"], [1]],
    [undefined, "0 10 * * *", ["30 minutes"], [1]],
    ["Europe/Berlin", "0 10 * * *", ["3 hours"], [0]],
  ] as const)("runs at the hour of its zone: %s", async (zone, cron, moves, counts) => {
    expect(await stamped({ cron, ...(zone === undefined ? {} : { zone }) }, moves)).toEqual(counts)
  })

  it("makes up for no run of a cron expression that was missed", () => {
    const { machine } = Schedule
    const [setAtMs, minuteMs] = [START_MS, 60_000]
    const set = {
      type: "ScheduleSet",
      to: "clerk/c",
      command: { type: "Stamp", rest: { sheet: "x" } },
      atMs: setAtMs + minuteMs,
      cron: "* * * * *",
      setAtMs,
    }
    const firedAtMs = setAtMs + 180 * minuteMs + 1_000
    const waiting = machine.transition(machine.initial("s"), set, "a")
    machine.takeIntents()
    const again =
      waiting === undefined
        ? undefined
        : machine.transition(waiting, { type: "everstate.due", firedAtMs }, "a")
    expect(again?.context).toMatchObject({ nextAtMs: setAtMs + 181 * minuteMs, runCount: 1 })
    expect(machine.takeIntents()).toContainEqual(
      expect.objectContaining({ _tag: "Timer", id: "due", delayMs: minuteMs - 1_000 }),
    )
  })

  it.each<readonly [When, string]>([
    [{ cron: "every day" }, "cron"],
    [{ cron: "0 0 30 2 *" }, "cron"],
    [{ cron: "* * * * *", zone: "Middle/Earth" }, "cron"],
    [{ afterMs: Number.NaN }, "afterMs"],
    [{ at: Number.POSITIVE_INFINITY }, "at"],
    [{ at: 1, afterMs: 1 }, "when"],
    [{}, "when"],
    [{ at: 1, zone: "UTC" }, "zone"],
  ])("FAULT 59: at %j is refused for its %s", async (when, path) => {
    const { system } = await startMemory({ actors: [Clerk] })
    await expect(system.get(Clerk, "c").schedule("s", stamp, when)).rejects.toMatchObject({
      _tag: "InvalidCommand",
      issues: [{ path }],
    })
  })

  it("has a name of its own for each actor, whatever ids and names look like", () =>
    virtually({ actors: [Clerk] }, ({ system }) =>
      Effect.gen(function* () {
        yield* system.get(Clerk, "a/b").schedule("c", stamp, { afterMs: 1_000 })
        yield* system.get(Clerk, "a").schedule("b/c", stamp, { afterMs: 1_000 })
        yield* TestClock.adjust("2 seconds")
        for (const id of ["a/b", "a"]) {
          expect((yield* system.get(Clerk, id).state()).state.context.sheets).toEqual(["x"])
        }
      }),
    ))

  it.each([undefined, "", 7])("named %j is refused", async (name) => {
    const { system } = await startMemory({ actors: [Clerk] })
    const clerk = system.get(Clerk, "c")
    const refused = { _tag: "InvalidCommand", issues: [{ path: "name" }] }
    await expect(clerk.schedule(name as never, stamp, { afterMs: 1 })).rejects.toMatchObject(refused)
    await expect(clerk.unschedule(name as never)).rejects.toMatchObject(refused)
  })

  it("of a command that the actor does not know is refused", async () => {
    const { system } = await startMemory({ actors: [Clerk] })
    await expect(
      system.get(Clerk, "c").schedule("s", { type: "Burn" } as never, { afterMs: 1 }),
    ).rejects.toMatchObject({ _tag: "InvalidCommand" })
  })
})
