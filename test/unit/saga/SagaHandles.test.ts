/** A saga's definition stands for its actor in every verb of a system. */
import { Schema } from "effect"
import { expect, test, vi } from "vitest"
import { defineReactor, defineSaga, send } from "../../../runtime/index.ts"
import { playStory, testActor } from "../../../runtime/testing.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

const Adding = defineSaga({
  type: "adding",
  input: Schema.Struct({ by: Schema.Int }),
  steps: (saga) =>
    saga.step("add", {
      request: ({ input, sagaId }) => ({
        actor: Counter,
        id: sagaId,
        command: { type: "Add", by: input.by },
      }),
    }),
})

test("get, passivate, pause and resume take the saga's definition", async () => {
  const { system } = await startMemory({ actors: [Counter], sagas: [Adding] })
  const { cluster } = system
  await cluster.pause(Adding)
  expect((await cluster.status()).paused).toEqual(["adding"])
  await cluster.resume(Adding)
  expect((await cluster.status()).paused).toEqual([])
  await system.get(Adding, "a").ask({ type: "Start", input: { by: 2 } })
  const page = await system.get(Adding, "a").history()
  expect(page.events.map(({ event }) => event.type)).toContain("SagaStarted")
  expect(await cluster.passivate(Adding, "nobody")).toBe(false)
  expect(system.actorNamed("adding")).toBe(Adding.actor)
  expect(system.actorNamed("other")).toBeUndefined()
  await system.stop()
})

test("messages take it too", () => {
  const start = { type: "Start", input: { by: 1 } } as const
  expect(send.tell({ actor: Adding, id: "a", command: start })).toEqual(
    send.tell({ actor: Adding.actor, id: "a", command: start }),
  )
})

test("a definition that the system was not given is no type of it", async () => {
  const { system } = await startMemory({ actors: [] })
  const unknown = { _tag: "ClusterVerbFailed", reason: "UnknownType" }
  await expect(system.cluster.pause(Counter)).rejects.toMatchObject(unknown)
  await expect(system.cluster.resume(Adding)).rejects.toMatchObject(unknown)
  await expect(system.cluster.passivate(Adding, "a")).rejects.toMatchObject(unknown)
  await system.stop()
})

test("a reactor reacts to a saga, and a saga starts after another", async () => {
  const After = defineSaga({
    type: "after",
    input: Schema.Struct({}),
    startsWhen: {
      from: Adding,
      event: "SagaCompleted",
      saga: ({ id }) => ({ id: `after-${id}`, input: {} }),
    },
    steps: (saga) =>
      saga.step("add", {
        request: () => ({ actor: Counter, id: "after", command: { type: "Add", by: 1 } }),
      }),
  })
  const noticed = defineReactor({
    name: "noticed",
    from: [Adding],
    on: {
      SagaStarted: () => send.tell({ actor: Counter, id: "noticed", command: { type: "Add", by: 5 } }),
    },
  })
  expect(noticed.from).toEqual([Adding.actor])
  const { system } = await startMemory({ actors: [Counter], sagas: [Adding, After], reactors: [noticed] })
  await system.get(Adding, "a").ask({ type: "Start", input: { by: 2 } })
  await vi.waitFor(async () => {
    const [after, told] = await Promise.all(["after", "noticed"].map((id) => system.get(Counter, id).state()))
    expect([after?.state.context.total, told?.state.context.total]).toEqual([1, 5])
  })
  await system.stop()
})

test("the scenario kit takes it", () => {
  const started = testActor(Adding).when({ type: "Start", input: { by: 2 } })
  expect(() => started.thenSends()).toThrow(/"type":"Add","by":2/)
})

test("the simulation takes it in a script", async () => {
  await playStory({ actors: [Counter], sagas: [Adding] }, async (story) => {
    await story.ask(Adding, "a", { type: "Start", input: { by: 2 } })
    await story.eventually("the saga is completed", () =>
      story.history(Adding, "a").some(({ event }) => event.type === "SagaCompleted"),
    )
    const { state } = await story.state(Adding, "a")
    expect(state.value).toBe("completed")
  })
})
