/**
 * The directory: which actors there are, in which states, over all nodes.
 *
 * Owns the way from a caller's question to conditions on the table (ActorsTable.ts), and from rows to answers. Answers are as
 * of the last commit that the directory has read: `waitFor(ActorsTable, accepted)` waits until it has read a commit. Which
 * actors are in quarantine is not in the journal; the nodes say it (../system/MemberAnswers.ts).
 */
import { Effect } from "effect"
import type { AnyActor } from "../definition/Actor.ts"
import { complaintOf } from "../definition/DirectoryColumns.ts"
import { isInState } from "../machine/StatePattern.ts"
import type { ProjectionFailed, ReadModelService, ReadModelUnavailable } from "../projection/ReadModel.ts"
import type { Condition } from "../projection/TableQueries.ts"
import { type ActorRow, ActorsTable } from "./ActorsTable.ts"
import {
  type ActorCounts,
  type ActorsPage,
  type AnyColumns,
  type ColumnsListed,
  type CountOptions,
  DirectoryOff,
  InvalidListing,
  invalid,
  type ListedActor,
  type ListOptions,
  pageSizeOf,
  type Quarantine,
  timeOf,
  typeNameOf,
} from "./Listing.ts"

/** Most names of states of one type that are compared with the state or tag that a caller names. */
export const STATE_NAMES_COMPARED_MAX = 10_000

/** An actor that a node holds in quarantine. */
export interface QuarantinedActor extends Quarantine {
  readonly type: string
  readonly id: string
  /** Name of the node that holds it. */
  readonly node: string
}

/** All errors of listing and counting actors. */
export type DirectoryError = InvalidListing | DirectoryOff | ReadModelUnavailable | ProjectionFailed

/** Lists and counts the actors of a type, by their states. */
export interface ActorDirectory {
  /** One page of the actors of a type that meet all conditions, ordered by id. An actor is never on two pages. */
  readonly list: <A extends AnyActor>(
    options: ListOptions<A>,
  ) => Effect.Effect<ActorsPage<ColumnsListed<A>>, DirectoryError>
  /** How many actors of a type there are, by state. */
  readonly count: (options: CountOptions) => Effect.Effect<ActorCounts, DirectoryError>
  /** The actors that the nodes hold in quarantine now. Nodes that do not answer within a second are left out. */
  readonly quarantined: Effect.Effect<ReadonlyArray<QuarantinedActor>>
}

export interface DirectoryOptions {
  /** Whether the system fills the table. */
  readonly isOn: boolean
  readonly readModel: ReadModelService
  readonly actorNamed: (type: string) => AnyActor | undefined
  readonly quarantined: ActorDirectory["quarantined"]
}

export const makeActorDirectory = (options: DirectoryOptions): ActorDirectory => {
  const { isOn, readModel, quarantined } = options
  /** Runs a check that throws {@link InvalidListing}. */
  const checked = <A>(check: () => A): Effect.Effect<A, InvalidListing | DirectoryOff> =>
    Effect.suspend((): Effect.Effect<A, InvalidListing | DirectoryOff> => {
      if (!isOn) return Effect.fail(new DirectoryOff())
      try {
        return Effect.succeed(check())
      } catch (cause) {
        if (cause instanceof InvalidListing) return Effect.fail(cause)
        throw cause
      }
    })

  /** Names of the states of a type that are in the state and have the tag that the caller asked for. */
  const stateNames = (type: string, isWanted: (name: string) => boolean) =>
    Effect.map(
      readModel.distinct(ActorsTable, {
        where: [{ column: "type", is: "=", value: type }],
        column: "state",
        limit: STATE_NAMES_COMPARED_MAX,
      }),
      (names) => names.map(String).filter(isWanted),
    )

  /** Why actors of a type are in quarantine, by id. */
  const heldOf = (type: string): Effect.Effect<ReadonlyMap<string, Quarantine>> =>
    Effect.map(quarantined, (all) => {
      const ofType = all.filter((actor) => actor.type === type)
      return new Map(ofType.map((actor) => [actor.id, actor] as const))
    })

  const list = Effect.fnUntraced(function* (
    listed: ListOptions,
  ): Effect.fn.Return<ActorsPage, DirectoryError> {
    const { type, where, size, isWanted } = yield* checked(() => questionOf(listed, options))
    const conditions = [...where]
    if (isWanted !== undefined) {
      const values = yield* stateNames(type, isWanted)
      if (values.length === 0) return { actors: [] }
      conditions.push({ column: "state", is: "in", values })
    }
    const held = listed.quarantined === undefined ? NONE_HELD : yield* heldOf(type)
    if (listed.quarantined === true && held.size === 0) return { actors: [] }
    if (held.size > 0) {
      conditions.push({ column: "id", is: listed.quarantined ? "in" : "not in", values: [...held.keys()] })
    }
    const query = { where: conditions, orderBy: "id", limit: size + 1 }
    const rows = yield* readModel.select(ActorsTable, query)
    return pageOf(rows as ReadonlyArray<ActorRow>, size, held)
  })

  const count = Effect.fnUntraced(function* ({
    type,
    by,
  }: CountOptions): Effect.fn.Return<ActorCounts, DirectoryError> {
    const value = yield* checked(() => {
      if (by !== "state") throw invalid("by", `it is ${by}`, 'Give `by: "state"`.')
      return typeNameOf(type)
    })
    const where: ReadonlyArray<Condition> = [{ column: "type", is: "=", value }]
    const counts = yield* readModel.countBy(ActorsTable, { where, column: "state" })
    const known = counts.filter((one) => one.value !== null)
    return {
      total: counts.reduce((sum, one) => sum + one.count, 0),
      byState: Object.fromEntries(known.map((one) => [String(one.value), one.count])),
      unknown: counts.find((one) => one.value === null)?.count ?? 0,
    }
  })

  // Rows hold the columns of the type that was asked for.
  return { list: list as ActorDirectory["list"], count, quarantined }
}

interface Question {
  readonly type: string
  readonly where: ReadonlyArray<Condition>
  readonly size: number
  /** Whether actors in the state of this name are wanted; `undefined`: in any state. */
  readonly isWanted: ((name: string) => boolean) | undefined
}

/** Throws {@link InvalidListing}. */
const questionOf = (options: ListOptions, { actorNamed }: DirectoryOptions): Question => {
  const { idPrefix, updatedBefore, createdBefore, done, failed, cursor, limit } = options
  const type = typeNameOf(options.type)
  const where: Array<Condition> = [{ column: "type", is: "=", value: type }]
  const textGiven = (option: string, value: unknown): string => {
    if (typeof value === "string" && value.isWellFormed() && !value.includes("\0")) return value
    throw invalid(option, "it is no text that an id can hold", "Give well-formed text without U+0000.")
  }
  if (idPrefix !== undefined) {
    where.push({ column: "id", is: "starts with", value: textGiven("idPrefix", idPrefix) })
  }
  if (cursor !== undefined) where.push({ column: "id", is: ">", value: textGiven("cursor", cursor) })
  if (updatedBefore !== undefined) {
    where.push({ column: "updated", is: "<", value: timeOf("updatedBefore", updatedBefore) })
  }
  if (createdBefore !== undefined) {
    where.push({ column: "created", is: "<", value: timeOf("createdBefore", createdBefore) })
  }
  if (options.where !== undefined) where.push(...columnConditions(options.where))
  if (done !== undefined) where.push({ column: "done", is: "=", value: done })
  if (failed !== undefined) where.push({ column: "failed", is: "=", value: failed })
  return { type, where, size: pageSizeOf(limit), isWanted: wantedStates(type, options, actorNamed) }
}

/** Throws {@link InvalidListing}. */
const columnConditions = (wanted: unknown): ReadonlyArray<Condition> => {
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) {
    throw invalid("where", "it is no object", 'Give columns with their values: { customerId: "c-1" }.')
  }
  const fields = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
  for (const [name, value] of Object.entries(fields)) {
    const complaint = complaintOf(name, value)
    if (complaint !== undefined) throw invalid(`where.${name}`, `it ${complaint}`, "No column can hold that.")
  }
  return Object.keys(fields).length === 0 ? [] : [{ column: "columns", is: "has", fields }]
}

/** Throws {@link InvalidListing}. */
const wantedStates = (
  type: string,
  { state, exceptStates, tag }: ListOptions,
  actorNamed: DirectoryOptions["actorNamed"],
): Question["isWanted"] => {
  if (state !== undefined && typeof state !== "string") {
    throw invalid("state", `it is ${typeof state}`, "Give the name of a state as text.")
  }
  const excepted: unknown = exceptStates ?? []
  if (!Array.isArray(excepted) || excepted.some((name) => typeof name !== "string")) {
    throw invalid("exceptStates", "it is no list of names", "Give the names of states as a list of texts.")
  }
  const machine = tag === undefined ? undefined : actorNamed(type)?.machine
  if (tag !== undefined && machine === undefined) {
    const hint = "Ask a node that has the definition of the type, because tags are in its machine."
    throw invalid("tag", `this node does not know the type "${type}"`, hint)
  }
  if (state === undefined && tag === undefined && exceptStates === undefined) return undefined
  return (name) =>
    (state === undefined || isInState(state, name)) &&
    !excepted.some((other: string) => isInState(other, name)) &&
    (tag === undefined || machine?.hasTag(name, tag) === true)
}

const NONE_HELD: ReadonlyMap<string, Quarantine> = new Map()

/** The page of rows, of which one more than fits was asked for. */
const pageOf = (
  rows: ReadonlyArray<ActorRow>,
  size: number,
  held: ReadonlyMap<string, Quarantine>,
): ActorsPage => {
  const actors = rows.slice(0, size).map((row) => actorOfRow(row, held))
  const last = rows.length > size ? actors.at(-1) : undefined
  return { actors, ...(last === undefined ? undefined : { next: last.id }) }
}

const actorOfRow = (row: ActorRow, held: ReadonlyMap<string, Quarantine>): ListedActor => {
  const { type, id, state, done, failed, version, sequence, columns } = row
  const quarantine = held.get(id)
  return {
    type,
    id,
    ...(state === null ? undefined : { state }),
    done,
    failed,
    version,
    sequence,
    createdAt: row.created,
    updatedAt: row.updated,
    ...(columns === null ? undefined : { columns: columns as AnyColumns }),
    ...(quarantine === undefined ? undefined : { quarantine: reasonOf(quarantine) }),
  }
}

const reasonOf = ({ reason, sequence, detail, hint }: Quarantine): Quarantine => ({
  reason,
  sequence,
  detail,
  hint,
})
