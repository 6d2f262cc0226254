/**
 * The conditions of a list of actors: as the address has them, as the route takes them, and as flags of the command.
 *
 * Owns their names in the address, and the values of directory columns: `where.customerId=c-1`. The fields on the
 * page: Conditions.tsx.
 */
import type { ActorFilter } from "../../api/ActorFilter.ts"
import type { Json, ListedActor } from "../../api/Documents.ts"
import { stateCondition } from "../../parts/StateLook.ts"
import type { Search } from "../../shell/Search.ts"

const UNITS_MS: { readonly [unit: string]: number } = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Ages that the fields offer. The address may have any other. */
export const AGES_OFFERED = ["10m", "1h", "1d", "7d"] as const

/** Standings of an actor. */
export const STANDINGS = ["open", "done", "failed", "quarantined"] as const

const STANDING_FILTERS: { readonly [only: string]: ActorFilter } = {
  done: { done: "true" },
  open: { done: "false" },
  failed: { failed: "true" },
  quarantined: { quarantined: "true" },
}

/** The age `10m`, `2h`, `7d` in milliseconds; undefined for any other text. */
export const ageMsOf = (age: string | undefined): number | undefined => {
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(age ?? "") ?? []
  return count === undefined ? undefined : Number(count) * (UNITS_MS[unit] ?? 0)
}

const WHERE = "where."

/** Parameter of the address for the value of a column. */
export const columnParameter = (column: string): string => `${WHERE}${column}`

/** A value of a column, read from the address: JSON if it is JSON of a single value, else text. */
export const columnValue = (text: string): Json => {
  try {
    const value = JSON.parse(text) as Json
    if (typeof value !== "object" || value === null) return value
  } catch {
    // Text without quotes is text.
  }
  return text
}

/** A value of a column as the address has it. Text that would be read as another value is put into quotes. */
export const columnText = (value: Json): string =>
  typeof value === "string" && value !== "" && columnValue(value) === value ? value : JSON.stringify(value)

/** The columns that the address asks for, with their values. */
export const columnsAsked = (search: Search): { readonly [column: string]: Json } =>
  Object.fromEntries(
    Object.entries(search).flatMap(([name, text]) =>
      name.startsWith(WHERE) && text !== undefined ? [[name.slice(WHERE.length), columnValue(text)]] : [],
    ),
  )

/** Whether the address has any condition. The order of the list is not a condition. */
export const isFiltered = ({ order: _, ...conditions }: Search): boolean =>
  Object.values(conditions).some((value) => value !== undefined)

/** The conditions as the route takes them. Ages are whole minutes, so that the question stays the same for a while. */
export const filterOf = (search: Search, nowMs: number): ActorFilter => {
  const { id, state, tag, age, born, only } = search
  const minute = Math.floor(nowMs / 60_000) * 60_000
  const before = (given: string | undefined): string | undefined => {
    const ageMs = ageMsOf(given)
    return ageMs === undefined ? undefined : new Date(minute - ageMs).toISOString()
  }
  const columns = columnsAsked(search)
  return {
    idPrefix: id,
    state: state === undefined ? undefined : stateCondition(state),
    tag,
    where: Object.keys(columns).length === 0 ? undefined : JSON.stringify(columns),
    updatedBefore: before(age),
    createdBefore: before(born),
    ...STANDING_FILTERS[only ?? ""],
  }
}

/** The words of the command that lists the same actors, by id. */
export const listCommand = (type: string, search: Search): ReadonlyArray<string> => {
  const { age, born, only } = search
  const { idPrefix, state, tag, where } = filterOf(search, 0)
  const flag = (name: string, value: string | undefined) => (value === undefined ? [] : [`--${name}`, value])
  return [
    ...["actors", "list", type],
    ...flag("prefix", idPrefix),
    ...flag("state", state),
    ...flag("tag", tag),
    ...flag("where", where),
    ...flag("idle", ageMsOf(age) === undefined ? undefined : age),
    ...flag("older", ageMsOf(born) === undefined ? undefined : born),
    ...(STANDING_FILTERS[only ?? ""] === undefined ? [] : [`--${only}`]),
  ]
}

/** What a column holds, as far as actors show. */
export interface SeenColumn {
  readonly name: string
  readonly kind: "text" | "number" | "flag"
  /** Whether actors without a value were seen. */
  readonly isNullable: boolean
}

/** The columns of the actors, and of the conditions, by name. A column of which no value was seen holds text. */
export const seenColumns = (
  actors: ReadonlyArray<ListedActor>,
  asked: { readonly [column: string]: Json } = {},
): ReadonlyArray<SeenColumn> => {
  const values = new Map<string, Set<string>>()
  const add = (columns: { readonly [column: string]: Json }) => {
    for (const [name, value] of Object.entries(columns)) {
      const kinds = values.get(name) ?? new Set()
      values.set(name, kinds.add(value === null ? "null" : typeof value))
    }
  }
  for (const { columns = {} } of actors) add(columns)
  add(asked)
  return [...values]
    .map(([name, kinds]) => {
      const isOnly = (kind: string) => [...kinds].every((one) => one === kind || one === "null")
      const kind =
        kinds.has("number") && isOnly("number")
          ? "number"
          : kinds.has("boolean") && isOnly("boolean")
            ? "flag"
            : "text"
      return { name, kind, isNullable: kinds.has("null") } as const
    })
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
}
