/** Births on real servers: a timer and a call of the initial state outlive the process that began them. */
import { expect, test } from "vitest"
import { assign, setup } from "xstate"
import { defineActor, defineCall } from "../../../runtime/index.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "./SystemFixture.ts"

const servers = serversOfFile()

const Trial = defineActor({
  type: "trial",
  machine: setup({
    types: {} as { context: { plan: string; token: number }; events: { type: "Use" } },
    actors: { planOf: defineCall(async () => "basic") },
    delays: { trialTime: 300 },
  }).createMachine({
    context: () => ({ plan: "unknown", token: Math.random() }),
    invoke: {
      src: "planOf",
      onDone: { actions: assign({ plan: ({ event }) => event.output }) },
      onError: {},
    },
    initial: "running",
    states: {
      running: { after: { trialTime: "over" }, on: { Use: { actions: () => undefined } } },
      over: {},
    },
  }),
})

test("an actor gets what its birth asks for, from a process that was not there, and keeps its context", async () => {
  const options = { namespace: freshNamespace(), actors: [Trial] }
  const first = await startSystem(servers(), options)
  expect(await first.get(Trial, "t-1").state()).toMatchObject({ version: 0, isBorn: false })
  expect(await first.get(Trial, "t-1").ask({ type: "Use" })).toMatchObject({ version: 1 })
  const { token } = (await first.get(Trial, "t-1").state()).state.context
  await first.stop()
  const second = await startSystem(servers(), options)
  const trial = second.get(Trial, "t-1")
  await eventually(async () => (await trial.state()).state.value === "over")
  await eventually(async () => (await trial.state()).state.context.plan === "basic")
  const { state, isBorn } = await trial.state()
  expect(isBorn).toBe(true)
  expect(state.context).toEqual({ plan: "basic", token })
})
