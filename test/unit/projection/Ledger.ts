/**
 * A small domain for the tests of projections: ledgers that are opened, added to and closed, and two read models.
 */
import { Effect, Schema } from "effect"
import { setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { defineActor, defineCommand } from "../../../runtime/definition/Actor.ts"
import { defineEvent } from "../../../runtime/event/Event.ts"
import type { Journal } from "../../../runtime/journal/Journal.ts"
import {
  defineProjection,
  type OnProjectionError,
  type ProjectionDefinition,
} from "../../../runtime/projection/Projection.ts"

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

/** The same sums, by SQL of its own, and a row for every event. */
export const ledgerSql = (
  options: { name?: string; onError?: OnProjectionError } = {},
): ProjectionDefinition =>
  defineProjection({
    name: options.name ?? "ledger_sql",
    version: 1,
    from: [Ledger],
    onError: options.onError ?? "stall",
    tables: [
      "create table entries (id text, version bigint, kind text not null, amount bigint, primary key (id, version))",
    ],
    handle: async (batch, sql) => {
      for (const { id, version, event } of batch) {
        if (event.type === "Added" && event.currency === "poison") throw new Error("cannot add poison")
        await sql.query("insert into entries (id, version, kind, amount) values ($1, $2, $3, $4)", [
          id,
          version,
          event.type,
          event.type === "Added" ? event.amount : null,
        ])
      }
    },
  })

/** A stored event: type, schema version, payload. */
export type Stored = readonly [type: string, schemaVersion: number, payload: unknown]

export const opened = (owner: string): Stored => ["Opened", 1, { owner }]
export const added = (amount: number, currency = "EUR"): Stored => ["Added", 2, { amount, currency }]
export const addedV1 = (amount: number): Stored => ["Added", 1, { amount }]
export const closed: Stored = ["Closed", 1, {}]

export const shardCount = 8

/** Writes commits of ledgers, keeping each ledger's version and last sequence. */
export class LedgerWriter {
  readonly #journal: Journal["Service"]
  readonly #positions = new Map<string, { version: number; sequence: number }>()

  constructor(journal: Journal["Service"]) {
    this.#journal = journal
  }

  /** One commit with one command for all events; returns its sequence. */
  write(id: string, ...events: ReadonlyArray<Stored>) {
    const position = this.#positions.get(id) ?? { version: 0, sequence: 0 }
    const first = position.version + 1
    const entry = {
      c: `${id}-${first}`,
      fp: "f",
      m: { user: "tester" },
      ev: events.map(([t, v, d]) => ({ t, v, d })),
    }
    return this.#append(
      id,
      encodeCommit({ first, at: 1_000 + first, epoch: 1 }, [JSON.stringify(entry)]),
      events.length,
    )
  }

  /** Something that is not a commit. */
  writeGarbage(id: string) {
    return this.#append(id, new TextEncoder().encode("{not json"), 0)
  }

  #append(id: string, data: Uint8Array, eventCount: number) {
    const position = this.#positions.get(id) ?? { version: 0, sequence: 0 }
    return this.#journal
      .append(addressOf("ledger", id, shardCount), position.sequence, data)
      .pipe(
        Effect.tap((sequence) =>
          Effect.sync(() => this.#positions.set(id, { version: position.version + eventCount, sequence })),
        ),
      )
  }
}
