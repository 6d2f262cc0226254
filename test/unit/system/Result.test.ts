/** Waiting for the result of an actor: its output, what became of a saga, or why there is none. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { ActorFailed, defineSaga, ResultTimeout } from "../../../runtime/index.ts"
import { node, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { Race } from "../../fixtures/memory/Race.ts"
import { Booked } from "../../fixtures/saga/Booked.ts"

const step = (id: string) => ({
  request: ({ sagaId }: { readonly sagaId: string }) =>
    ({ actor: Booked, id, command: { type: "Book", by: sagaId } }) as const,
  compensate: ({ sagaId }: { readonly sagaId: string }) =>
    ({ actor: Booked, id, command: { type: "Free", by: sagaId } }) as const,
})

const Stay = defineSaga({
  type: "stay",
  input: Schema.Struct({ isHard: Schema.Boolean }),
  steps: (saga) =>
    saga.step("room", step("room")).step("human", {
      ...step("human-1"),
      compensate: ({ input }) => {
        if (input.isHard) throw new Error("nobody knows how to undo it")
        return undefined
      },
    }),
})

describe("the result of an actor", () => {
  it("is the output of its machine, for callers that wait and for those that come later", async () => {
    const { system } = await startMemory({ actors: [Race] })
    const race = system.get(Race, "r")
    const waiting = race.result()
    await race.ask({ type: "Lap" })
    await race.ask({ type: "Finish" })
    expect(await waiting).toEqual({ laps: 1 })
    await system.cluster.passivate(Race, "r")
    expect(await race.result({ deadlineMs: 5_000 })).toEqual({ laps: 1 })
  })

  it("is found by a caller on another node, whose first owner stops meanwhile", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on, { actors: [Race] }), await node("two", on, { actors: [Race] })]
    const results = ["a", "b", "c", "d"].map((id) => two.system.get(Race, id).result({ deadlineMs: 60_000 }))
    await Promise.all(["a", "b", "c", "d"].map((id) => one.system.get(Race, id).ask({ type: "Lap" })))
    await one.system.stop()
    await Promise.all(["a", "b", "c", "d"].map((id) => two.system.get(Race, id).ask({ type: "Finish" })))
    expect(await Promise.all(results)).toEqual(Array.from({ length: 4 }, () => ({ laps: 1 })))
  })

  it("is missing at the deadline, and where the machine ended with an error", async () => {
    const { system } = await startMemory({ actors: [Race] })
    const race = system.get(Race, "r")
    await race.ask({ type: "Lap" })
    await expect(race.result({ deadlineMs: 50 })).rejects.toThrow(ResultTimeout)
    await race.ask({ type: "Fetch" })
    const failure = race.result({ deadlineMs: 10_000 })
    await expect(failure).rejects.toThrow(ActorFailed)
    await expect(failure).rejects.toThrow("the road is closed")
  })

  it("is given up by a signal", async () => {
    const { system } = await startMemory()
    const abort = new AbortController()
    const result = system.get(Counter, "c").result({ signal: abort.signal })
    abort.abort(new Error("no more interest"))
    await expect(result).rejects.toThrow("no more interest")
    expect((await system.status()).watches.waitingCount).toBe(0)
  })
})

describe("the result of a saga", () => {
  const start = async (isHard: boolean) => {
    const { system } = await startMemory({ actors: [Booked], sagas: [Stay] })
    const stay = system.get(Stay, "s")
    const result = stay.result({ deadlineMs: 20_000 })
    await stay.ask({ type: "Start", input: { isHard } })
    const asked = system.get(Booked, "human-1").watch()
    for await (const { state } of asked) if (state.context.replyTo !== null) break
    return { system, stay, result, human: system.get(Booked, "human-1") }
  }

  it("is completed with the results of its steps", async () => {
    const { result, human } = await start(false)
    await human.ask({ type: "Decide", yes: true })
    expect(await result).toEqual({ status: "completed", results: { room: { booked: "room" }, human: {} } })
  })

  it("is compensated with the cause", async () => {
    const { result, human } = await start(false)
    await human.ask({ type: "Decide", yes: false })
    expect(await result).toMatchObject({
      status: "compensated",
      cause: { kind: "StepRejected", item: "human" },
    })
  })

  it("is stuck with the step and the reason, and then aborted by an operator", async () => {
    const { stay, result, human, system } = await start(true)
    await stay.ask({ type: "Cancel", by: "kim", note: "rain" })
    await human.ask({ type: "Decide", yes: true })
    expect(await result).toMatchObject({
      status: "stuck",
      stuck: { item: "human" },
      cause: { kind: "Cancelled" },
    })
    await stay.ask({ type: "Abort", by: "kim", note: "by hand" })
    expect(await system.get(Stay, "s").result()).toMatchObject({ status: "aborted" })
  })
})
