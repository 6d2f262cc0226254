/** What TypeScript knows of lists of actors. Checked by `npm run types`, never run. */
import { expectTypeOf } from "vitest"
import { setup } from "xstate"
import { type ActorSystem, defineActor } from "../../infra/everstate.ts"

const machine = setup({
  types: {
    context: {} as { readonly customerId: string; readonly total: number | null },
    events: {} as { type: "Go" },
  },
}).createMachine({ context: { customerId: "", total: null } })

const Order = defineActor({
  type: "order",
  machine,
  directory: {
    columns: ({ context, id, state }) => {
      expectTypeOf(context.total).toEqualTypeOf<number | null>()
      expectTypeOf(id).toEqualTypeOf<string>()
      expectTypeOf(state.matches).toBeFunction()
      return { customerId: context.customerId, total: context.total }
    },
  },
})

const Plain = defineActor({ type: "plain", machine })

declare const system: ActorSystem

export const checks = async () => {
  const { actors } = await system.actors.list({ type: Order, where: { customerId: "c-1" } })
  const [first] = actors
  expectTypeOf(first?.columns?.customerId).toEqualTypeOf<string | undefined>()
  expectTypeOf(first?.columns?.total).toEqualTypeOf<number | null | undefined>()
  // @ts-expect-error: no such column
  await system.actors.list({ type: Order, where: { customer: "c-1" } })
  // @ts-expect-error: a column of another type
  await system.actors.list({ type: Order, where: { customerId: 1 } })
  // @ts-expect-error: the type has no columns
  await system.actors.list({ type: Plain, where: { customerId: "c-1" } })
  await system.actors.list({ type: Plain, state: "open" })
  const named = await system.actors.list({ type: "order", where: { customerId: "c-1" } })
  expectTypeOf(named.actors[0]?.columns?.["customerId"]).toEqualTypeOf<
    string | number | boolean | null | undefined
  >()
  await system.actors.count({ type: Order, by: "state" })
  // @ts-expect-error: columns hold no lists
  defineActor({ type: "wrong", machine, directory: { columns: () => ({ list: ["a"] }) } })
}
