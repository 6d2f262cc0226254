/** The projection that the contract of read models is run with: ledgers, and the sums of what was added to them. */
import { Schema } from "effect"
import { setup } from "xstate"
import { defineActor, defineCommand } from "../definition/Actor.ts"
import { defineEvent } from "../event/Event.ts"
import { defineProjection, type OnProjectionError } from "../projection/Projection.ts"

const machine = setup({ types: {} as { events: { type: string } } }).createMachine({
  id: "ledger",
  initial: "open",
  states: { open: { on: { Opened: "open", Added: "open", Closed: "open" } } },
})

const events = {
  Opened: defineEvent(Schema.Struct({ owner: Schema.String })),
  // Version 1 had no currency.
  Added: defineEvent({
    version: 2,
    schema: Schema.Struct({ amount: Schema.Number, currency: Schema.String }),
    upcast: { 1: (payload: object) => ({ ...payload, currency: "KRW" }) },
  }),
  Closed: defineEvent(Schema.Struct({})),
}

export const Ledger = defineActor({
  type: "ledger",
  machine,
  events,
  commands: {
    Open: defineCommand(
      { type: "Open", machine, events },
      { schema: Schema.Struct({}), decide: () => ({ type: "Opened", owner: "" }) as const },
    ),
  },
})

/** Per ledger: its owner, the sum of what was added, and how many events it counted. */
export const ledgerTotals = (
  options: { name?: string; version?: number; onError?: OnProjectionError } = {},
) =>
  defineProjection({
    name: options.name ?? "ledger_totals",
    version: options.version ?? 1,
    from: [Ledger],
    onError: options.onError ?? "stall",
    table: {
      name: "totals",
      columns: {
        id: "text not null",
        owner: "text",
        total: "bigint not null",
        average: "double precision",
        counted: "integer not null",
        urgent: "boolean not null",
        tags: "jsonb",
      },
      primaryKey: ["id"],
      indexes: ["owner, total desc"],
    },
    key: ({ id }) => ({ id }),
    fold: (row, { id, event }) => {
      const before = row ?? {
        id,
        owner: null,
        total: 0,
        average: null,
        counted: 0,
        urgent: false,
        tags: null,
      }
      const counted = before.counted + 1
      switch (event.type) {
        case "Opened":
          return { ...before, owner: event.owner, counted }
        case "Added": {
          if (event.currency === "poison") throw new Error("cannot add poison")
          const total = before.total + event.amount
          return {
            ...before,
            total,
            average: total / counted,
            urgent: total > 1_000,
            tags: { last: event.currency },
            counted,
          }
        }
        default:
          return undefined
      }
    },
  })
