/** Ends and stuckness of sagas are events that projections, reactors and metrics see. */
import { Schema } from "effect"
import { describe, expect, test } from "vitest"
import { textOf } from "../../../infra/telemetry/MetricsText.ts"
import { statusMetrics } from "../../../infra/telemetry/StatusMetrics.ts"
import { defineProjection, defineReactor, defineSaga, send } from "../../../runtime/index.ts"
import { hostedTypes, readsMore } from "../../../runtime/system/Definitions.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { no, ok, SagaDriver } from "./SagaDriver.ts"
import { Trip } from "./Trip.ts"

const extras = () =>
  new SagaDriver(Trip, { seats: [], withCar: false })
    .answer("do:1:extras.insurance")
    .answer("do:1:extras.hotel", ok({ code: "h" }))

const typesOf = ({ news }: SagaDriver) => news.map(({ type }) => type)

describe("a saga", () => {
  test("says by an event that it is completed", () => {
    expect(extras().answer("do:1:payment").news).toEqual([{ type: "SagaCompleted" }])
  })

  test("says that it is compensated, and why", () => {
    const saga = extras().answer("do:1:payment", no("Broke")).answer("undo:1:extras.hotel")
    const cause = { kind: "StepRejected", item: "payment", reason: "Broke" }
    expect(saga.news).toEqual([{ type: "SagaCompensated", cause }])
    expect(saga.at).toBe("compensated")
    expect(saga.state.status).toBe("done")
  })

  test("says each time that it is stuck, where and why", () => {
    const saga = extras().answer("do:1:payment", no()).answer("undo:1:extras.hotel", no("Departed"))
    expect(saga.news).toEqual([{ type: "SagaStuck", item: "extras.hotel", reason: "Departed" }])
    saga.operate("SagaRetried", { item: "extras.hotel" }).answer("undo:2:extras.hotel", no("Departed"))
    expect(typesOf(saga)).toEqual(["SagaStuck", "SagaStuck"])
    saga.operate("SagaSkipped", { item: "extras.hotel" })
    expect(typesOf(saga)).toEqual(["SagaStuck", "SagaStuck", "SagaCompensated"])
  })

  test("says that it goes on where a late answer has it go on", () => {
    const saga = extras().fire("timeout:payment").operate("SagaCancelled").fire("silence")
    saga.answer("do:1:payment", no()).answer("undo:1:extras.hotel")
    expect(saga.news).toMatchObject([
      { type: "SagaStuck", item: "payment", isSilent: true },
      { type: "SagaResumed", item: "payment" },
      { type: "SagaCompensated", cause: { kind: "Cancelled" } },
    ])
  })

  test("of the first release says nothing, as its history does", () => {
    const options = { rules: 1 }
    const saga = new SagaDriver(Trip, { seats: [], withCar: false }, options)
      .answer("do:1:extras.insurance", no())
      .answer("do:1:extras.hotel", no())
    expect(saga.at).toBe("compensated")
    expect(saga.news).toEqual([])
  })
})

describe("a node of a release before these events", () => {
  test("leaves new sagas to nodes that read them", () => {
    const now = hostedTypes([Trip.actor])
    const { SagaRulesSet: _, ...before } = now.trip ?? {}
    expect(readsMore("trip", now, { trip: before })).toBe(true)
    expect(readsMore("trip", now, now)).toBe(false)
  })
})

const stamp = (id: string, sheet: string) =>
  ({ actor: Clerk, id, command: { type: "Stamp", sheet } }) as const

/** The first stamp cannot be taken back where the input says so; the second is refused. */
const Stamping = defineSaga({
  type: "stamping",
  input: Schema.Struct({ undo: Schema.String }),
  steps: (saga) =>
    saga
      .step("first", {
        request: () => stamp("first", "a"),
        compensate: ({ input }) => stamp("first", input.undo),
      })
      .step("second", { request: () => stamp("second", "blank") }),
})

describe("what became of sagas", () => {
  test("reaches projections, reactors, the status and the metrics", async () => {
    const seen: Array<string> = []
    const Stuck = defineProjection({
      name: "stuck_sagas",
      version: 1,
      from: [Stamping.actor],
      table: { name: "saga", columns: { id: "text not null", item: "text" }, primaryKey: ["id"] },
      key: ({ id }) => ({ id }),
      fold: (_, { id, event }) => {
        seen.push(event.type)
        return { id, item: event.type === "SagaStuck" ? event.item : null }
      },
    })
    const Alarm = defineReactor({
      name: "alarm",
      from: [Stamping.actor],
      on: {
        SagaStuck: ({ item, reason }, { id }) =>
          send.tell({
            actor: Clerk,
            id: "alarm",
            command: { type: "Stamp", sheet: `${id} ${item} ${reason}` },
          }),
      },
    })
    const { system } = await startMemory({
      actors: [Clerk],
      sagas: [Stamping],
      projections: [Stuck],
      reactors: [Alarm],
    })
    const start = (id: string, undo: string) =>
      system.get(Stamping, id).ask({ type: "Start", input: { undo } })
    await start("s-1", "blank")
    const alarms = async () => (await system.get(Clerk, "alarm").state()).state.context.sheets
    await eventually(async () => (await alarms()).length === 1)
    expect(await alarms()).toEqual(["s-1 first Blank"])
    await start("s-2", "b")
    await eventually(async () => (await system.status()).sagas[0]?.compensatedCount === 1)
    expect((await system.status()).sagas).toEqual([
      {
        name: "stamping",
        startedCount: 2,
        completedCount: 0,
        compensatedCount: 1,
        abortedCount: 0,
        stuckCount: 1,
        resumedCount: 0,
      },
    ])
    const { sequence } = await system.get(Stamping, "s-2").state()
    await system.waitFor(Stuck, sequence)
    const begun = ["SagaRulesSet", "SagaStarted"]
    expect(seen).toEqual([...begun, "SagaStuck", ...begun, "SagaCompensated"])
    const text = textOf(statusMetrics(await system.status()))
    expect(text).toContain('everstate_sagas_total{saga="stamping",event="stuck"} 1')
  })
})
