/** Timers that share an id, and routes: the same as in XState. */
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { assign, cancel, createActor, raise, SimulatedClock, setup } from "xstate"
import { defineActor, defineEvent } from "../../../runtime/index.ts"
import { historyOf, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"
import { twins } from "../../fixtures/memory/Twin.ts"

type Ring = { type: "Set"; delay: number; name: string } | { type: "Ring"; name: string } | { type: "Stop" }

const bell = setup({
  types: { context: {} as { rung: ReadonlyArray<string> }, events: {} as Ring },
}).createMachine({
  context: { rung: [] },
  on: {
    Set: {
      actions: raise(({ event: { name } }) => ({ type: "Ring", name }) as const, {
        id: "bell",
        delay: ({ event }) => event.delay,
      }),
    },
    Ring: { actions: assign({ rung: ({ context, event }) => [...context.rung, event.name] }) },
    Stop: { actions: cancel("bell") },
  },
})

const set = (name: string, delay: number) => ({ type: "Set", name, delay }) as const

it.each<readonly [string, ReadonlyArray<Ring>, ReadonlyArray<string>]>([
  ["all fire", [set("a", 1_000), set("b", 2_000), set("c", 500)], ["c", "a", "b"]],
  ["the newest is cancelled", [set("a", 1_000), set("b", 2_000), { type: "Stop" }], ["a"]],
])("of timers under one id %s", async (_, events, rung) => {
  const clock = new SimulatedClock()
  const plain = createActor(bell, { clock })
  plain.start()
  for (const event of events) plain.send(event)
  clock.increment(3_000)
  expect(plain.getSnapshot().context.rung).toEqual(rung)
  const Bell = defineActor({ type: "bell", machine: bell })
  await virtually({ actors: [Bell] }, ({ system }) =>
    Effect.gen(function* () {
      const ref = system.get(Bell, "b")
      for (const event of events) yield* ref.ask(event)
      yield* TestClock.adjust(3_000)
      yield* TestClock.adjust(1_000)
      expect((yield* ref.state()).state.context.rung).toEqual(rung)
    }),
  )
})

const site = setup({ types: { events: {} as { type: "Leave" } } }).createMachine({
  id: "site",
  initial: "home",
  states: {
    home: { id: "home", route: {}, on: { Leave: "away" } },
    shop: { id: "shop", route: {}, initial: "list", states: { list: {}, cart: { id: "cart", route: {} } } },
    away: {},
  },
})

it("a route leads to its state, as in XState, and is an event of the history that read models see", async () => {
  const to = (id: string) => ({ type: "xstate.route", to: `#${id}` })
  const { plain, live, replayed, restored } = await twins(site, [
    to("cart"),
    to("home"),
    { type: "Leave" },
    to("shop"),
  ])
  expect(plain.value).toEqual({ shop: "list" })
  for (const facts of [live, replayed, restored]) expect(facts).toStrictEqual(plain)

  const Site = defineActor({ type: "site", machine: site })
  const { system, journal } = await startMemory({ actors: [Site] })
  await system.get(Site, "s").ask(to("cart") as never)
  await expect(system.get(Site, "s").ask(to("away") as never)).rejects.toMatchObject({
    reason: "NotAccepted",
  })
  expect((await historyOf(journal.inner, Site, "s")).map(({ event }) => event)).toEqual([to("cart")])
})

it("an actor with commands decides a route like any other event", async () => {
  const Site = defineActor({
    type: "site",
    machine: site as never,
    events: { "xstate.route": defineEvent(Schema.Struct({ to: Schema.Literals(["#shop", "#home"]) })) },
    commands: {
      Visit: {
        schema: Schema.Struct({ page: Schema.String }),
        decide: ({ command }: { command: { page: string } }) => ({
          type: "xstate.route",
          to: `#${command.page}`,
        }),
      },
    },
  } as never)
  const { system } = await startMemory({ actors: [Site] })
  const visit = (page: string) => system.get(Site, "s").ask({ type: "Visit", page } as never)
  await visit("shop")
  expect((await system.get(Site, "s").state()).state.value).toEqual({ shop: "list" })
  await expect(visit("cart")).rejects.toMatchObject({ _tag: "CommandFailed", reason: "EventInvalid" })
})
