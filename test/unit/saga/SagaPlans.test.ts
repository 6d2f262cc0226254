/** Sagas that run while their definition changes: they go on under their own plan, or are stuck and say so. */
import { describe, expect, it } from "vitest"
import { type AnySaga, defineEvent, defineSaga, InvalidDefinition } from "../../../runtime/index.ts"
import { hostedTypes, readsMore } from "../../../runtime/system/Definitions.ts"
import { eventually, historyOf, type MemorySystem } from "../../fixtures/memory/MemorySystem.ts"
import { Booked, Nothing, sagaOf } from "../../fixtures/saga/Booked.ts"
import { ofFirstRelease } from "../../fixtures/saga/FirstRelease.ts"
import { ID, Town } from "../../fixtures/saga/Town.ts"
import { ok, SagaDriver } from "./SagaDriver.ts"

/** Steps before and after a change, while a saga waits for the human of step b. */
const CHANGES = [
  ["a step is added after the current one", ["a", "b", "c"], ["a", "b", "x", "c"]],
  ["a step is added before the current one", ["a", "b", "c"], ["a", "x", "b", "c"]],
  ["a finished step is removed", ["a", "b", "c"], ["b", "c"]],
  ["a later step is removed", ["a", "b", "c"], ["a", "b"]],
  ["the current step is removed", ["a", "b", "c"], ["a", "c"]],
  ["a finished step is renamed", ["a", "b", "c"], ["a2", "b", "c"]],
  ["the current step is renamed", ["a", "b", "c"], ["a", "b2", "c"]],
  ["steps are reordered", ["a", "b", "c"], ["b", "a", "c"]],
] as const

describe("a saga whose plan the code still has", () => {
  it.each(CHANGES)("FAULT 74: goes on under it when %s", async (_, before, after) => {
    const town = new Town()
    const V1 = sagaOf(before)
    await town.waitingForHuman(V1)
    const V2 = sagaOf(after, { version: 2, previous: [V1] })
    await town.run(V2)
    expect((await town.book(V2)).value).toBe("b")
    await town.decide()
    await town.ended(V2, "completed")
    for (const step of before) expect(await town.log(step)).toHaveLength(1)
    for (const step of after) {
      if (!(before as ReadonlyArray<string>).includes(step)) expect(await town.log(step)).toEqual([])
    }
    expect(await town.letters()).toEqual([])
  })

  it.each(CHANGES)("FAULT 74: undoes what was done under it when %s", async (_, before, after) => {
    const town = new Town()
    const V1 = sagaOf(before)
    await town.waitingForHuman(V1)
    const V2 = sagaOf(after, { version: 2, previous: [V1] })
    await town.run(V2)
    await town.decide(false)
    await town.ended(V2, "compensated")
    expect(await town.log("a")).toEqual([`+${ID}`, `-${ID}`])
    expect(await town.log("b")).toEqual([`?${ID}`])
  })

  it("FAULT 74: is one of the first releases, which did not say, and counts as of the oldest plan", async () => {
    const town = new Town()
    const V1 = sagaOf(["a", "b", "c"])
    await town.waitingForHuman(ofFirstRelease(V1))
    const V3 = sagaOf(["x", "b"], {
      version: 3,
      previous: [sagaOf(["b", "a"], { version: 2, previous: [V1] })],
    })
    await town.run(V3)
    await town.decide()
    await town.ended(V3, "completed")
    expect(await town.log("c")).toEqual([`+${ID}`])
    expect(await town.log("x")).toEqual([])
  })

  it("FAULT 74: starts under the newest plan from then on", async () => {
    const town = new Town()
    const V1 = sagaOf(["a", "b"])
    const V2 = sagaOf(["a", "x"], { version: 2, previous: [V1] })
    await town.run(V2)
    await town.system.get(V2.actor, ID).ask({ type: "Start", input: {} })
    await town.ended(V2, "completed")
    expect(await town.log("x")).toEqual([`+${ID}`])
    const [, started] = await historyOf((town.memory as MemorySystem).journal.inner, V2.actor, ID)
    expect(started?.event).toMatchObject({ type: "SagaStarted", plan: V2.plan.ref })
  })
})

describe("a saga whose plan the code does not have", () => {
  it.each(CHANGES)(
    "FAULT 74: is stuck at once when %s, and goes on when it has it again",
    async (_, before, after) => {
      const town = new Town()
      const V1 = sagaOf(before)
      await town.waitingForHuman(V1)
      for (const V2 of [sagaOf(after), sagaOf(after, { version: 2 })]) {
        await town.run(V2)
        const { value, context } = await town.book(V2)
        expect(value).toBe("stuck")
        expect(context.stuck).toMatchObject({ item: "b", plan: V1.plan.ref })
        expect(context.stuck.reason).toContain(`plan 1 (${V1.plan.ref.hash})`)
        expect(context.stuck.reason).toContain('step "b"')
        expect((await town.system.get(V2.actor, ID).stateAt({ version: 99 })).state.value).toBe("stuck")
        expect((await town.system.status()).halted).toEqual([
          { actorType: "booking", id: ID, reason: `the saga is stuck: ${context.stuck.reason}` },
        ])
        // It was not asked for anything, and cannot be.
        await expect(
          town.system.get(V2.actor, ID).ask({ type: "Cancel", by: "kim", note: "" } as never),
        ).rejects.toMatchObject({ _tag: "CommandRejected", reason: "PlanMissing" })
      }
      await town.decide()
      await eventually(async () => (await town.letters()).length === 1)
      const [letter] = await town.letters()
      expect(letter?.detail).toContain(`plan 1 (${V1.plan.ref.hash})`)
      for (const step of after) {
        if (!(before as ReadonlyArray<string>).includes(step)) expect(await town.log(step)).toEqual([])
      }
      const Again = sagaOf(after, { version: 3, previous: [V1] })
      await town.run(Again)
      expect((await town.book(Again)).value).toBe("b")
      await town.system.deadLetters.redriveAll({ reason: "Failed" })
      await town.ended(Again, "completed")
      for (const step of before) expect(await town.log(step)).toHaveLength(1)
      expect(await town.letters()).toEqual([])
    },
  )

  it.each(CHANGES)(
    "FAULT 74: is stuck, too, where the first releases started it and %s",
    async (_, before, after) => {
      const town = new Town()
      const V1 = sagaOf(before)
      await town.waitingForHuman(ofFirstRelease(V1))
      const V2 = sagaOf(after)
      await town.run(V2)
      await town.decide()
      const isSamePrefix = after[0] === "a" && after[1] === "b"
      if (isSamePrefix) {
        // So far its history is that of the new steps as well, and it may go on as one of them.
        await town.ended(V2, "completed")
        for (const step of after) expect(await town.log(step)).toHaveLength(1)
        return
      }
      await eventually(async () => (await town.letters()).length === 1)
      const { value, context } = await town.book(V2)
      expect(value).toBe("stuck")
      expect(context.stuck.plan).toEqual(V2.plan.ref)
      expect(context.stuck.reason).toMatch(/"do:1:.*was asked, the plan asks for/)
      const Again = sagaOf(after, { version: 2, previous: [V1] })
      await town.run(Again)
      await town.system.deadLetters.redriveAll({ reason: "Failed" })
      await town.ended(Again, "completed")
      for (const step of before) expect(await town.log(step)).toHaveLength(1)
    },
  )

  it.each([
    ["completed", true],
    ["compensated", false],
  ])("FAULT 74: has ended as %s where it had, and cannot be undone any more", async (how, yes) => {
    const town = new Town()
    const V1 = sagaOf(["a", "b", "c"])
    await town.waitingForHuman(V1)
    await town.decide(yes)
    await town.ended(V1, how)
    const V2 = sagaOf(["a", "c"], { version: 2 })
    await town.run(V2)
    expect((await town.book(V2)).value).toBe(how)
    expect((await town.system.status()).halted).toEqual([])
    expect((await town.system.get(V2.actor, ID).stateAt({ version: 99 })).state.value).toBe(how)
    const { state } = await town.system.get(V2.actor, ID).state()
    const replyTo = { to: "above/1", as: "undo:1:below", re: "m" }
    const undo = V2.actor.commands?.["Undo"]?.decide({ state, replyTo } as never)
    if (yes) expect(undo).toMatchObject({ _tag: "Rejection", reason: "PlanMissing" })
    else expect(undo).toEqual([])
  })

  it("FAULT 74: may be aborted by an operator", async () => {
    const town = new Town()
    await town.waitingForHuman(sagaOf(["a", "b", "c"]))
    const V2 = sagaOf(["a", "c"], { version: 2 })
    await town.run(V2)
    await town.system.get(V2.actor, ID).ask({ type: "Abort", by: "kim", note: "done by hand" } as never)
    expect((await town.book(V2)).value).toBe("aborted")
    expect((await town.system.status()).halted).toEqual([])
    // Also under its own plan.
    const V1 = sagaOf(["a", "b", "c"])
    await town.run(V1)
    expect((await town.book(V1)).value).toBe("aborted")
  })

  it("FAULT 74: takes part in the end of a wider saga: that is stuck at it, and not compensated", () => {
    const V2 = sagaOf(["a", "c"], { version: 2 })
    const { machine } = V2.actor
    const started = { type: "SagaStarted", input: {}, parent: null, plan: sagaOf(["a", "b"]).plan.ref }
    const state = machine.transition(machine.initial(ID), started, ID)
    const replyTo = { to: "above/1", as: "undo:1:below", re: "m" }
    expect(V2.actor.commands?.["Undo"]?.decide({ state, replyTo } as never)).toMatchObject({
      _tag: "Rejection",
      reason: "PlanMissing",
    })
  })

  it("FAULT 74: is left to a node that has it, where its plan is newer than this code", async () => {
    const V1 = sagaOf(["a", "b"])
    const V2 = sagaOf(["a", "b", "c"], { version: 2, previous: [V1] })
    const town = new Town()
    await town.waitingForHuman(V2)
    await town.run(V1)
    await expect(town.book(V1)).rejects.toMatchObject({
      _tag: "ActorQuarantined",
      reason: "EventUnreadable",
      detail: expect.stringContaining(`plan 2 (${V2.plan.ref.hash})`),
    })
    const [theirs, ours] = [hostedTypes([V2.actor]), hostedTypes([V1.actor])]
    expect(readsMore("booking", theirs, ours)).toBe(true)
    expect(readsMore("booking", ours, theirs)).toBe(false)
  })
})

describe("plans side by side", () => {
  it("lead each saga through its own steps, whatever the order in others", () => {
    const orders = [
      ["p", "q", "r"],
      ["r", "q", "p"],
      ["q", "s", "p"],
      ["s"],
      ["p", "r"],
      ["q", "r", "s", "p"],
    ]
    let saga: AnySaga | undefined
    for (const [index, steps] of orders.entries()) {
      saga = sagaOf(steps, { version: index + 1, previous: saga === undefined ? [] : [saga] })
    }
    const { plans } = saga as AnySaga
    expect(plans.all.map(({ ref }) => ref.version)).toEqual([6, 5, 4, 3, 2, 1])
    for (const plan of plans.all) {
      // The driver checks that the machine is where the book is.
      const driver = new SagaDriver(saga as AnySaga, {}, { plan: plan.ref })
      for (const { key } of plan.stages) {
        expect(driver.at).toBe(key)
        driver.answer(`do:1:${key}`, ok())
      }
      expect(driver.at).toBe("completed")
    }
  })

  it("are the same plan where only functions, times and retries differ", () => {
    const one = sagaOf(["a", "b"])
    const other = defineSaga({
      type: "booking",
      input: Nothing,
      timeoutMs: 5,
      steps: (saga) =>
        saga
          .step("a", { request: () => ({ actor: Booked, id: "z", command: { type: "Book", by: "z" } }) })
          .step("b", {
            timeoutMs: 3,
            retry: { attemptsMax: 2 },
            request: () => ({ actor: Booked, id: "z", command: { type: "Book", by: "z" } }),
          }),
    })
    expect(other.plan.ref).toEqual(one.plan.ref)
    expect(sagaOf(["b", "a"]).plan.ref.hash).not.toBe(one.plan.ref.hash)
  })

  it("have hashes that stay: they are stored", () => {
    expect(sagaOf(["a", "b"]).plan.ref).toEqual({ version: 1, hash: "9e3b0c1fe9446d88" })
  })

  const V1 = sagaOf(["a"])
  const numbered = (version: number) =>
    defineSaga({
      type: "booking",
      input: defineEvent({
        version: 2,
        schema: Nothing,
        upcast: { 1: (old: unknown) => old },
      }),
      version,
      steps: (saga) =>
        saga.step("a", { request: () => ({ actor: Booked, id: "z", command: { type: "Book", by: "z" } }) }),
    })
  it.each([
    [
      "another saga among the former ones",
      () => sagaOf(["b"], { version: 2, previous: [sagaOf(["a"], { type: "other" })] }),
    ],
    ["two plans of one version", () => sagaOf(["b"], { previous: [V1] })],
    [
      "a version below that of a former plan",
      () => sagaOf(["b"], { previous: [sagaOf(["a"], { version: 2 })] }),
    ],
    ["a version that is none", () => sagaOf(["b"], { version: 0 })],
    ["a version that is no whole number", () => sagaOf(["b"], { version: 1.5 })],
    ["an input whose version goes down", () => sagaOf(["b"], { version: 2, previous: [numbered(1)] })],
  ])("are refused: %s", (_, define) => {
    expect(define).toThrow(InvalidDefinition)
  })
})
