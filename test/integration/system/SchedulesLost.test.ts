/** FAULT 80: what waits for its time in the mailbox is purged, and the journal knows what it was. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { setup } from "xstate"
import { accept, defineActor, defineEvent, type EventOf, send } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "./SystemFixture.ts"

const servers = serversOfFile()

const events = {
  Set: defineEvent(Schema.Struct({ afterMs: Schema.Int })),
  Called: defineEvent(Schema.Struct({})),
}

/** Rings after a time, and tells a counter later still. */
const Alarm = defineActor({
  type: "alarm",
  machine: setup({
    types: {} as { context: { afterMs: number }; events: EventOf<typeof events> },
    delays: { patience: ({ event }) => ("afterMs" in event ? event.afterMs : 0) },
  }).createMachine({
    context: { afterMs: 0 },
    initial: "off",
    states: {
      off: { on: { Set: "on" } },
      on: { after: { patience: "rung" }, on: { Called: "off" } },
      rung: {},
    },
  }),
  events,
  commands: {
    Set: {
      schema: Schema.Struct({ afterMs: Schema.Int }),
      decide: ({ command: { afterMs }, id }) =>
        accept(
          { type: "Set", afterMs },
          {
            send: send.tell({
              actor: Counter,
              id,
              command: { type: "Add", by: 1 },
              afterMs: afterMs + 1_000,
            }),
          },
        ),
    },
    Call: { schema: Schema.Struct({}), decide: () => ({ type: "Called" }) },
  },
})

const names = Array.from({ length: 10 }, (_, index) => `a${index}`)
/** Of a sentinel that is no mark, witness or tide. */
const isWithoutNumber = (subject: string): boolean => !/%40|%2B|[~+]/.test(subject)

/** Long enough for the loss to be noticed before. */
const AFTER_MS = 20_000

describe("a purge of the stream of timers", () => {
  it("loses no timer and no later message, and rings none that was over", async () => {
    const namespace = freshNamespace()
    const system = await startSystem(servers(), { namespace, actors: [Alarm, Counter] })
    const stream = `${namespace}-timers`
    const sentinelsAre = async () => {
      const { state } = (await servers().admin(`STREAM.INFO.${stream}`, {
        subjects_filter: `${namespace}.tmr.*._.>`,
      })) as {
        state: { subjects?: Record<string, number> }
      }
      return Object.keys(state.subjects ?? {}).filter(isWithoutNumber).length
    }
    await eventually(async () => (await sentinelsAre()) === 64)
    for (const name of names) await system.get(Alarm, name).ask({ type: "Set", afterMs: AFTER_MS })
    await system.get(Alarm, "over").ask({ type: "Set", afterMs: AFTER_MS })
    await system.get(Alarm, "over").ask({ type: "Call" })
    await eventually(async () => (await system.status()).outbox.pendingCount === 0)
    const purged = (await servers().admin(`STREAM.PURGE.${stream}`)) as { purged: number }
    expect(purged.purged).toBeGreaterThanOrEqual(64 + 2 * names.length)
    // Sleeping actors ring, too: nobody asks before their time.
    await eventually(async () =>
      (await Promise.all(names.map((name) => system.get(Counter, name).state()))).every(
        ({ state }) => state.context.total === 1,
      ),
    )
    for (const name of names) expect((await system.get(Alarm, name).state()).state.value).toBe("rung")
    expect((await system.get(Alarm, "over").state()).state.value).toBe("off")
  })
})

describe("a namespace that was never used", () => {
  it("has its sentinels before the first timer, so that nothing is told of as lost", async () => {
    const namespace = freshNamespace()
    await startSystem(servers(), { namespace, actors: [Alarm, Counter] })
    const { state } = (await servers().admin(`STREAM.INFO.${namespace}-timers`, {
      subjects_filter: `${namespace}.tmr.*._.>`,
    })) as { state: { subjects?: Record<string, number> } }
    expect(Object.keys(state.subjects ?? {}).filter(isWithoutNumber)).toHaveLength(64)
  })
})
