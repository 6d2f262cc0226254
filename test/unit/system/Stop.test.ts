/** How a system ends, and what callers get then. */
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { describe, expect, it } from "vitest"
import { ReadModel } from "../../../runtime/projection/ReadModel.ts"
import { makeReadModelMemory } from "../../../runtime/projection/ReadModelMemory.ts"
import { ActorSystem } from "../../../runtime/system/ActorSystem.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, historyOf, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { SnapshotStoreScripted } from "../../fixtures/memory/SnapshotStoreScripted.ts"

const add = (by: number) => ({ type: "Add", by }) as const

describe("stop", () => {
  it("FAULT 15: finishes the commands in work, then refuses", async () => {
    const { system, journal, snapshots } = await startMemory({ drainMs: 10_000 })
    const counter = system.get(Counter, "a")
    const release = journal.hold()
    const asked = Array.from({ length: 20 }, () => counter.ask(add(1)))
    await eventually(() => journal.heldCount === 1)
    const stopped = system.stop()
    await expect(counter.ask(add(1))).rejects.toMatchObject({ _tag: "SystemStopped", kind: "transient" })
    release()
    expect((await Promise.all(asked)).at(-1)).toMatchObject({ version: 20 })
    await stopped
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(20)
    expect(snapshots.rows.get("counter/a")?.version).toBe(20)
  })

  it("is safe to call twice, at once and again", async () => {
    const { system } = await startMemory({ drainMs: 10_000 })
    await system.get(Counter, "a").ask(add(1))
    await Promise.all([system.stop(), system.stop()])
    await system.stop()
  })

  it("leaves every call with a typed refusal afterwards", async () => {
    const { system } = await startMemory({ drainMs: 10_000 })
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    await system.stop()
    await expect(counter.ask(add(1))).rejects.toMatchObject({ _tag: "SystemStopped" })
    await expect(counter.state()).rejects.toMatchObject({ _tag: "SystemStopped" })
    await expect(counter.history()).rejects.toMatchObject({ _tag: "SystemStopped" })
    await expect(counter.stateAt({ version: 1 })).rejects.toMatchObject({ _tag: "SystemStopped" })
    expect((await system.status()).isStopping).toBe(true)
  })

  it("waits no longer than drainMs for a journal that never answers, and tells whoever waits", async () => {
    const { system, journal } = await startMemory({ drainMs: 100 })
    journal.script.append.push("hang")
    const asked = system.get(Counter, "a").ask(add(1), { deadlineMs: 600_000 })
    await eventually(() => journal.counts.append === 1)
    const before = performance.now()
    await Promise.all([
      system.stop(),
      expect(asked).rejects.toMatchObject({ _tag: "Unavailable", stored: "Unknown" }),
    ])
    expect(performance.now() - before).toBeLessThan(5_000)
  })

  it("by the end of the scope alone is bounded, too", async () => {
    const journal = new JournalScripted()
    journal.script.append.push("hang")
    const layer = ActorSystem.layer({ actors: [Counter], drainMs: 100 }).pipe(
      Layer.provide(
        Layer.mergeAll(
          journal.layer,
          new SnapshotStoreScripted().layer,
          Layer.sync(ReadModel, makeReadModelMemory),
          new MessagingMemory().layer,
        ),
      ),
    )
    const scope = Scope.makeUnsafe()
    const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
    const system = context.mapUnsafe.get(ActorSystem.key) as ActorSystem["Service"]
    const asked = Effect.runPromise(
      Effect.flip(system.get(Counter, "a").ask(add(1), { deadlineMs: 600_000 })),
    )
    await eventually(() => journal.counts.append === 1)
    const before = performance.now()
    await Effect.runPromise(Scope.close(scope, Exit.void))
    expect(await asked).toMatchObject({ _tag: "Unavailable", stored: "Unknown" })
    expect(performance.now() - before).toBeLessThan(5_000)
  })
})

describe("a caller that goes away", () => {
  it("FAULT 63: by abort leaves the command to commit", async () => {
    const { system, journal } = await startMemory()
    const release = journal.hold()
    const controller = new AbortController()
    const asked = system.get(Counter, "a").ask(add(1), { signal: controller.signal, commandId: "c" })
    await eventually(() => journal.heldCount === 1)
    controller.abort(new Error("the caller left"))
    await expect(asked).rejects.toThrow("the caller left")
    release()
    expect(await system.get(Counter, "a").ask(add(1), { commandId: "c" })).toMatchObject({
      version: 1,
      duplicate: true,
    })
    await expect(system.get(Counter, "a").ask(add(1), { signal: controller.signal })).rejects.toThrow(
      "the caller left",
    )
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(1)
  })

  it("FAULT 63: by interruption leaves the command to commit", async () => {
    const journal = new JournalScripted()
    const { system } = await startMemory({ journal })
    const program = Effect.gen(function* () {
      const effectSystem = yield* ActorSystem
      const release = journal.hold()
      const asked = yield* Effect.forkChild(effectSystem.get(Counter, "a").ask(add(1), { commandId: "c" }))
      yield* Effect.promise(() => eventually(() => journal.heldCount === 1))
      yield* Fiber.interrupt(asked)
      release()
    })
    const layer = ActorSystem.layer({ actors: [Counter], shardCount: SHARD_COUNT }).pipe(
      Layer.provide(
        Layer.mergeAll(
          journal.layer,
          new SnapshotStoreScripted().layer,
          Layer.sync(ReadModel, makeReadModelMemory),
          new MessagingMemory().layer,
        ),
      ),
    )
    await Effect.runPromise(Effect.provide(program, layer))
    expect(await system.get(Counter, "a").ask(add(1), { commandId: "c" })).toMatchObject({
      version: 1,
      duplicate: true,
    })
  })

  it("FAULT 63: by deadline while it still waits in the mailbox is not decided any more", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    const release = journal.hold()
    const first = counter.ask(add(1))
    await eventually(() => journal.heldCount === 1)
    await expect(counter.ask(add(2), { deadlineMs: 1 })).rejects.toMatchObject({ _tag: "AskTimeout" })
    release()
    await first
    expect((await counter.state()).state.context.total).toBe(1)
  })

  it("leaves nothing behind on a signal that lives long", async () => {
    const { system } = await startMemory()
    const controller = new AbortController()
    let listenerCount = 0
    const { signal } = controller
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listenerCount++
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listenerCount--
      removeEventListener.apply(signal, args)
    }
    for (let index = 0; index < 20; index++) await system.get(Counter, "a").ask(add(1), { signal })
    expect(listenerCount).toBe(0)
  })
})
