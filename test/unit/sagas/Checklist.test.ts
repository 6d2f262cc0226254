import { describe, expect, it } from "vitest"
import type { CommandsOf } from "../../../runtime/index.ts"
import { Checklist, PAYMENT_ITEM, SHIPMENT_ITEM, stockItem } from "../../../sagas/choreography/Checklist.ts"
import { checklistEvents } from "../../../sagas/choreography/ChecklistEvents.ts"
import { choreography } from "../../../sagas/choreography/Choreography.ts"
import { DrivenActor, expectIdempotent } from "../actors/DrivenActor.ts"
import { goldenEvents } from "../actors/GoldenEvents.ts"
import { order, TEA } from "./Shop.ts"

goldenEvents("checklist", checklistEvents)

type Driven = DrivenActor<typeof Checklist>
type Command = CommandsOf<typeof Checklist>

const { customerId, currency, fulfilment } = order
const open: Command = { type: "Open", customerId, currency, lines: [TEA], ...fulfilment }
const items = [stockItem(TEA.sku), PAYMENT_ITEM, SHIPMENT_ITEM]
const ticks = items.map((item): Command => ({ type: "Tick", item }))
const strike: Command = { type: "Strike", reason: "stock/TEA-100: OutOfStock" }
const close: Command = { type: "Close" }

const to = {
  new: (checklist) => checklist,
  open: (checklist) => checklist.all(open),
  complete: (checklist) => checklist.all(open, ...ticks),
  closed: (checklist) => checklist.all(open, ...ticks, close),
  failed: (checklist) => checklist.all(open, strike),
} satisfies { readonly [state: string]: (checklist: Driven) => Driven }

const at = (name: keyof typeof to): Driven => to[name](new DrivenActor(Checklist))

describe("a checklist", () => {
  it("gets to each of its states", () => {
    for (const name of Object.keys(to) as ReadonlyArray<keyof typeof to>)
      expect(at(name).state.value).toBe(name)
  })

  it("decides every command once, and refuses none in any state: what comes too late changes nothing", () => {
    const commands = [open, ...ticks, strike, close]
    expectIdempotent(() => new DrivenActor(Checklist), to, commands)
    for (const history of Object.values(to)) {
      for (const command of commands) {
        expect(history(new DrivenActor(Checklist)).do(command)).toHaveProperty("events")
      }
    }
  })

  it("is complete with the last item, in whatever order they come, and not before", () => {
    for (const order of [ticks, ticks.toReversed()]) {
      const checklist = at("open")
      const stored = order.map((tick) => checklist.do(tick))
      expect(stored.map((step) => "events" in step && step.events)).toEqual([
        ["ItemTicked"],
        ["ItemTicked"],
        ["ItemTicked", "ChecklistCompleted"],
      ])
    }
  })

  it("does not count what nobody asked for, nor the same twice", () => {
    const checklist = at("open").all(ticks[0] as Command, ticks[0] as Command, {
      type: "Tick",
      item: "stock/POT",
    })
    expect(checklist.state.context.left).toEqual([PAYMENT_ITEM, SHIPMENT_ITEM])
  })

  it("fails until it is closed, and then no more", () => {
    for (const name of ["open", "complete"] as const) {
      expect(at(name).do(strike)).toHaveProperty("events", ["ChecklistFailed"])
    }
    for (const name of ["new", "closed", "failed"] as const) {
      expect(at(name).do(strike)).toHaveProperty("events", [])
    }
  })
})

describe("the reactors", () => {
  it("tell what undoes through the same reactor as what is undone, so that neither overtakes the other", () => {
    for (const { name, from, on } of choreography.reactors) {
      if (!from.includes(Checklist) || !on.has("ChecklistOpened")) continue
      expect([...on.keys()], name).toContain("ChecklistFailed")
    }
  })
})
