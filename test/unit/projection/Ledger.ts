/**
 * A small domain for the tests of projections: ledgers that are opened, added to and closed, and two read models.
 */
import { Effect } from "effect"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { Ledger, ledgerTotals } from "../../../runtime/contract/LedgerTotals.ts"
import type { Journal } from "../../../runtime/journal/Journal.ts"
import {
  defineProjection,
  type OnProjectionError,
  type ProjectionDefinition,
} from "../../../runtime/projection/Projection.ts"

export { Ledger, ledgerTotals }

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
    return this.writeGroup(id, events)
  }

  /** One commit with a command for each list of events; returns its sequence. */
  writeGroup(id: string, ...commands: ReadonlyArray<ReadonlyArray<Stored>>) {
    const position = this.#positions.get(id) ?? { version: 0, sequence: 0 }
    const first = position.version + 1
    let next = first
    const entries = commands.map((events) => {
      const c = `${id}-${next}`
      next += events.length
      const ev = events.map(([t, v, d]) => ({ t, v, d }))
      return JSON.stringify({ c, fp: "f", m: { user: "tester" }, ev })
    })
    return this.#append(id, encodeCommit({ first, at: 1_000 + first, epoch: 1 }, entries), next - first)
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
