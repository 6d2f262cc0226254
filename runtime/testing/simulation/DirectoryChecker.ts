/**
 * Judges the directory against the journal: every row is what the fold of its actor's commits gives.
 *
 * Owns the expected rows. They come from the reference, which folds events itself (Reference.ts), not from the names of
 * states in commits. StoreChecker.ts calls it after each transaction of the directory, and at the end.
 */
import { computedColumns } from "../../definition/DirectoryColumns.ts"
import type { ActorRow } from "../../directory/ActorsTable.ts"
import { listedState } from "../../directory/ActorsTable.ts"
import { compactStateName } from "../../machine/StateName.ts"
import type { Reference, TrueActor } from "./Reference.ts"
import { PROMISES, Violation } from "./Violation.ts"

/** Longest name of a state that commits carry, as JSON. */
const NAME_LENGTH_MAX = 256

/** Throws {@link Violation} unless the rows are those of all commits up to the offset. */
export const judgeDirectory = (reference: Reference, rows: ReadonlyArray<ActorRow>, offset: number): void => {
  const byKey = new Map(rows.map((row) => [`${row.type} ${row.id}`, row]))
  for (const actor of reference.actors.values()) {
    const { type, id } = actor.address
    const row = byKey.get(`${type} ${id}`)
    const expected = expectedRow(actor, offset)
    const found = row === undefined ? undefined : factsOf(row)
    if (found === expected?.facts) continue
    // A name that no commit carries is filled in later.
    if (row?.state === null && expected?.unnamed === found) continue
    const detail = `the directory at offset ${offset} has ${found ?? `no row of ${type}/${id}`}, the journal gives ${expected?.facts ?? "none"}`
    throw new Violation(PROMISES.readModel, detail)
  }
}

interface ExpectedRow {
  readonly facts: string
  /** The facts of a row that is not filled in yet, if the commit does not name the state. */
  readonly unnamed: string | undefined
}

const expectedRow = (actor: TrueActor, offset: number): ExpectedRow | undefined => {
  const { address, commits, states, definition } = actor
  const told = commits.filter(({ sequence }) => sequence <= offset)
  const last = told.at(-1)
  const first = told.find(({ isBorn }) => isBorn)
  const state = last && states[last.version]
  if (last === undefined || first === undefined || state === undefined) return undefined
  const name = compactStateName(state.value)
  const { directory } = definition
  const row = {
    type: address.type,
    id: address.id,
    state: listedState(name),
    done: state.status === "done",
    failed: state.status === "error",
    version: last.version,
    sequence: last.sequence,
    created: first.at,
    updated: last.at,
    columns: (directory && computedColumns(directory, address.id, state).stored.c) ?? null,
  }
  return { facts: factsOf(row), unnamed: unnamedFacts(row, name, last.format) }
}

const unnamedFacts = (row: Row, name: string, format: number): string | undefined => {
  if (format === 1) return factsOf({ ...row, state: null, done: false, failed: false, columns: null })
  return JSON.stringify(name).length > NAME_LENGTH_MAX ? factsOf({ ...row, state: null }) : undefined
}

type Row = Omit<ActorRow, "columns_version">

/** What the row says, in words. */
const factsOf = (row: Row): string => {
  const { type, id, state, done, failed, version, sequence, created, updated, columns } = row
  const end = done ? " done" : failed ? " failed" : ""
  const times = `${created}..${updated}`
  return `${type}/${id} in ${state}${end} at version ${version}, sequence ${sequence}, ${times}, ${JSON.stringify(columns)}`
}
