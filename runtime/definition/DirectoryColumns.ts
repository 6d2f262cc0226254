/**
 * Columns of the directory that an actor type adds: values of its context by which actors are found.
 *
 * Owns what such a column may hold, and that a wrong function harms nobody: the actor then has no columns. A commit
 * carries the columns of the state that it leads to (../cell/RoundCommit.ts), so the directory needs no machine. Lists by
 * columns: ../directory/Listing.ts.
 */
import type { DirectoryPart } from "../commit/Commit.ts"
import { isStorableText } from "../json/StorableText.ts"
import { thrownMessage } from "../json/Thrown.ts"
import type { MachineState } from "../machine/Machine.ts"
import { given } from "../machine/SealedState.ts"
import { InvalidDefinition } from "./InvalidDefinition.ts"

/** Most columns of one actor type. */
export const DIRECTORY_COLUMNS_MAX = 16

/** Longest name of a column, in UTF-16 code units. */
export const DIRECTORY_COLUMN_NAME_LENGTH_MAX = 64

/** Longest text in a column, in UTF-16 code units. */
export const DIRECTORY_TEXT_LENGTH_MAX = 256

/** Largest JSON of all columns of an actor, in bytes. A commit keeps room for it. */
export const DIRECTORY_COLUMNS_BYTES_MAX = 4 * 1024

/** Largest part of a commit that carries them, in bytes. */
export const DIRECTORY_PART_BYTES_MAX = DIRECTORY_COLUMNS_BYTES_MAX + 64

/** A value of a column in the directory. */
export type ColumnValue = string | number | boolean | null

/** Columns of an actor by name. A column that is `undefined` is left out. */
export type ColumnValues = { readonly [name: string]: ColumnValue | undefined }

/** Columns that an actor type adds to the directory. `State` is its XState snapshot. */
export interface DirectoryColumns<State, Columns> {
  /**
   * The columns of an actor in this state. Pure; called for every commit. Where it throws, or gives a value that no column
   * can hold, the actor has no columns, and `status().directory` counts it.
   */
  readonly columns: (given: ColumnsInput<State>) => Columns
  /** Version of the columns, default 1. Raise it to have them computed again for actors that are stored already. */
  readonly version?: number
}

/** What the function of the columns is given: the actor in the state that a commit leads to. */
export interface ColumnsInput<State> {
  readonly id: string
  readonly context: State extends { readonly context: infer Context } ? Context : unknown
  readonly state: State
}

/** The same as the runtime sees it. */
export interface ColumnsOfType {
  readonly columns: (given: ColumnsInput<MachineState>) => unknown
  readonly version: number
}

/** The columns of a state, with the reason if there are none. */
export interface ComputedColumns {
  /** Null if there are none. */
  readonly stored: DirectoryPart
  readonly failure: string | undefined
}

const encoder = new TextEncoder()

/** The columns of an actor in a state. Never throws. */
export const computedColumns = (
  { columns, version }: ColumnsOfType,
  id: string,
  state: MachineState,
): ComputedColumns => {
  const none = (failure: string): ComputedColumns => ({ stored: { v: version, c: null }, failure })
  try {
    const handedOut = given(state)
    const values = columns({ id, context: handedOut.context, state: handedOut })
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      return none(`the columns are ${values === null ? "null" : typeof values}, not an object`)
    }
    const kept = Object.entries(values).filter(([, value]) => value !== undefined)
    if (kept.length > DIRECTORY_COLUMNS_MAX) {
      return none(`there are ${kept.length} columns, at most ${DIRECTORY_COLUMNS_MAX} are allowed`)
    }
    for (const [name, value] of kept) {
      const complaint = complaintOf(name, value)
      if (complaint !== undefined) return none(`column ${JSON.stringify(name.slice(0, 80))} ${complaint}`)
    }
    const c = Object.fromEntries(kept) as NonNullable<DirectoryPart["c"]>
    const sizeBytes = encoder.encode(JSON.stringify(c)).length
    if (sizeBytes <= DIRECTORY_COLUMNS_BYTES_MAX) return { stored: { v: version, c }, failure: undefined }
    return none(`the columns have ${sizeBytes} bytes, at most ${DIRECTORY_COLUMNS_BYTES_MAX} are allowed`)
  } catch (cause) {
    return none(thrownMessage(cause))
  }
}

/** The problem with a column; `undefined` if there is none. */
export const complaintOf = (name: string, value: unknown): string | undefined => {
  if (name.length > DIRECTORY_COLUMN_NAME_LENGTH_MAX) {
    return `has a name longer than ${DIRECTORY_COLUMN_NAME_LENGTH_MAX} characters`
  }
  if (!isStorableText(name)) return "has a name with U+0000 or a lone surrogate"
  if (value === null || typeof value === "boolean") return undefined
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `is ${value}`
  if (typeof value !== "string") return `is ${Array.isArray(value) ? "a list" : typeof value}`
  if (value.length > DIRECTORY_TEXT_LENGTH_MAX)
    return `is longer than ${DIRECTORY_TEXT_LENGTH_MAX} characters`
  return isStorableText(value) ? undefined : "holds U+0000 or a lone surrogate"
}

/** The columns of a definition, checked. Throws {@link InvalidDefinition}. */
export const columnsOfType = (
  actorType: string,
  given: DirectoryColumns<MachineState, unknown> | undefined,
): ColumnsOfType | undefined => {
  if (given === undefined) return undefined
  const { columns, version = 1 } = Object(given) as Partial<ColumnsOfType>
  const refuse = (what: string, hint: string) => new InvalidDefinition({ actorType, what, hint })
  if (typeof columns !== "function") {
    const hint =
      "Give a function: directory: { columns: ({ context }) => ({ customerId: context.customerId }) }."
    throw refuse("a directory without columns", hint)
  }
  if (Number.isSafeInteger(version) && version >= 1 && version <= VERSION_MAX) return { columns, version }
  throw refuse(
    `version ${version} of the directory's columns`,
    `Give a whole number from 1 to ${VERSION_MAX}.`,
  )
}

/** Greatest value of the directory's column for the version, an integer of Postgres. */
const VERSION_MAX = 2 ** 31 - 1
