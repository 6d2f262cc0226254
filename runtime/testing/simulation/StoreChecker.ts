/**
 * Judges the content of Postgres against the journal: a read model after each of its transactions, snapshots
 * at the end.
 *
 * The expected rows come from a simple fold: every event up to the offset, one after the other, from the
 * beginning.
 */
import { Effect } from "effect"
import type { ActorRow } from "../../directory/ActorsTable.ts"
import { decodeValue } from "../../json/StoredValue.ts"
import type { MachineState } from "../../machine/Machine.ts"
import type { AnyRow, ProjectedEvent, ProjectionDefinition } from "../../projection/Projection.ts"
import { judgeDirectory } from "./DirectoryChecker.ts"
import type { Reference } from "./Reference.ts"
import type { SimulatedPostgres } from "./SimulatedPostgres.ts"
import { factsOf, trueFactsOf } from "./StateFacts.ts"
import { PROMISES, Violation } from "./Violation.ts"

interface Expected {
  /** Number of reference events that are folded in. */
  eventCount: number
  rows: Map<string, AnyRow>
}

export class StoreChecker {
  readonly #reference: Reference
  readonly #postgres: SimulatedPostgres
  readonly #expected = new Map<ProjectionDefinition, Expected>()
  readonly #facts = new WeakMap<AnyRow, string>()

  constructor(reference: Reference, postgres: SimulatedPostgres) {
    this.#reference = reference
    this.#postgres = postgres
  }

  /** Throws {@link Violation}. */
  readModel(projection: ProjectionDefinition): void {
    const { form, name } = projection
    if (form.kind !== "fold") return
    const offset = this.offset(projection)
    if (projection.readCommit !== undefined) {
      const rows = this.#postgres.readModel.rows(projection) as ReadonlyArray<ActorRow>
      return judgeDirectory(this.#reference, rows, offset)
    }
    const expected = this.#foldedTo(projection, offset)
    const keyOf = (row: AnyRow) => JSON.stringify(form.table.primaryKey.map((column) => row[column]))
    const factsOfRow = (row: AnyRow) => this.#factsOfRow(form.table.columns, row)
    const rows = this.#postgres.readModel.rows(projection)
    for (const row of rows) {
      const wanted = expected.get(keyOf(row))
      if (wanted !== undefined && factsOfRow(wanted) === factsOfRow(row)) continue
      const detail = `${name} at offset ${offset} has ${factsOfRow(row)}, the journal gives ${wanted === undefined ? "no such row" : factsOfRow(wanted)}`
      throw new Violation(PROMISES.readModel, detail)
    }
    if (rows.length !== expected.size) {
      const detail = `${name} at offset ${offset} has ${rows.length} rows, the journal gives ${expected.size}`
      throw new Violation(PROMISES.readModel, detail)
    }
  }

  offset(projection: ProjectionDefinition): number {
    return Effect.runSync(Effect.orDie(this.#postgres.readModel.offset(projection, 0))).sequence
  }

  /** Throws {@link Violation}. */
  snapshots(): void {
    for (const row of this.#postgres.snapshots.rows.values()) {
      if (this.#postgres.damaged.has(row.key)) continue
      const actor = this.#reference.actors.get(row.key)
      const state = actor?.states[row.version]
      const body = JSON.parse(row.state) as { readonly state: unknown; readonly spawned?: true }
      // The reference does not keep the state before a birth, because the birth may bring input.
      if (row.version === 0 && body.spawned !== true) continue
      const stored = row.codec.startsWith("2:") ? decodeValue(body.state) : body.state
      const facts = factsOf(stored as MachineState)
      if (state !== undefined && facts === trueFactsOf(state)) continue
      const detail = `that of ${row.key} at version ${row.version} is ${facts}, the journal gives ${state === undefined ? "no such version" : trueFactsOf(state)}`
      throw new Violation(PROMISES.snapshot, detail)
    }
  }

  /** Forgets the folded rows, because the journal was cut. */
  reset(): void {
    this.#expected.clear()
  }

  /** Rows never change in place, so each text is made once. */
  #factsOfRow(columns: object, row: AnyRow): string {
    const known = this.#facts.get(row)
    if (known !== undefined) return known
    const facts = JSON.stringify(Object.keys(columns).map((column) => row[column] ?? null))
    this.#facts.set(row, facts)
    return facts
  }

  #foldedTo(projection: ProjectionDefinition, offset: number): ReadonlyMap<string, AnyRow> {
    const { events } = this.#reference
    let expected = this.#expected.get(projection)
    const isPast = expected !== undefined && (events[expected.eventCount - 1]?.sequence ?? 0) > offset
    if (expected === undefined || isPast) {
      expected = { eventCount: 0, rows: new Map() }
      this.#expected.set(projection, expected)
    }
    const types = new Set(projection.from.map(({ type }) => type))
    while (expected.eventCount < events.length) {
      const event = events[expected.eventCount]
      if (event === undefined || event.sequence > offset) break
      if (types.has(event.actorType) && !event.isInternal) foldOne(projection, expected.rows, event)
      expected.eventCount++
    }
    return expected.rows
  }
}

const foldOne = (
  projection: ProjectionDefinition,
  rows: Map<string, AnyRow>,
  event: ProjectedEvent,
): void => {
  const { form } = projection
  if (form.kind !== "fold") return
  const keyColumns = form.key(event)
  const key = JSON.stringify(form.table.primaryKey.map((column) => keyColumns[column]))
  const row = form.fold(rows.get(key), event)
  if (row === undefined) rows.delete(key)
  else rows.set(key, row)
}
