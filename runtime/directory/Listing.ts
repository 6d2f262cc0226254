/**
 * What callers ask the directory for: which actors of a type, and how many of them.
 *
 * Owns the shape of questions and answers, and their check. How they are answered: ActorDirectory.ts.
 */
import { Schema } from "effect"
import type { ActorQuarantined } from "../cell/AskError.ts"
import type { AnyActor, ColumnsOf } from "../definition/Actor.ts"
import { actorOf, type DefinitionOf } from "../definition/DefinitionOf.ts"
import type { ColumnValue } from "../definition/DirectoryColumns.ts"
import { errorClass } from "../error/EverstateError.ts"

/** Actors on one page, unless the caller asks otherwise. */
export const ACTORS_PAGE_DEFAULT = 100

/** Most actors on one page. */
export const ACTORS_PAGE_MAX = 1_000

/** Which actors of a type are listed, and how many on a page. */
export interface ListOptions<A extends AnyActor = AnyActor> {
  /** The definition, the saga, or the name of a type. By name, types of other nodes are listed as well. */
  readonly type: DefinitionOf<A> | string
  /**
   * Actors in this state: `placed`, `{payment:due,stock:held}`, or a part of such a name. `fulfilling` finds
   * `{fulfilling:packed}`, too; `fulfilling.packed` stands for `{fulfilling:packed}`.
   */
  readonly state?: string
  /**
   * Actors in none of these states, which are named as for `state`: sagas that run are those outside of `completed`,
   * `compensated`, `aborted` and `stuck`.
   */
  readonly exceptStates?: ReadonlyArray<string>
  /** Actors in a state with this tag of the machine. This node must have the definition of the type. */
  readonly tag?: string
  /** Actors whose id begins with this text. */
  readonly idPrefix?: string
  /** Actors whose columns have these values. Columns come from `directory` of the definition. */
  readonly where?: Partial<ColumnsListed<A>>
  /** Actors whose last commit is older. Unix milliseconds, or a date. */
  readonly updatedBefore?: number | Date
  /** Actors whose first commit is older. Unix milliseconds, or a date. */
  readonly createdBefore?: number | Date
  /** Actors that are done, or not. A machine in status `error` is not done. */
  readonly done?: boolean
  /** Actors that ended in status `error`, or did not. */
  readonly failed?: boolean
  /** Actors that the nodes hold in quarantine now, or others. */
  readonly quarantined?: boolean
  /** `next` of the page before. */
  readonly cursor?: string
  /** Actors at most: 1 to 1,000, default 100. */
  readonly limit?: number
}

/** Columns of an actor whose definition is not known. */
export type AnyColumns = { readonly [name: string]: ColumnValue }

/** Columns of a type of actors; any, if only the name of the type is known. */
export type ColumnsListed<A> = 0 extends 1 & ColumnsOf<A> ? AnyColumns : ColumnsOf<A>

/** Why an actor takes nothing. */
export type Quarantine = Pick<ActorQuarantined, "reason" | "sequence" | "detail" | "hint">

/** An actor as the directory knows it: as of its last commit that the directory has read. */
export interface ListedActor<Columns = AnyColumns> {
  readonly type: string
  readonly id: string
  /** Compact name of the state: `placed`, `{payment:due,stock:held}`. Absent until it has been found out. */
  readonly state?: string
  /** The machine has reached its final state. */
  readonly done: boolean
  /** The machine has ended in status `error`. */
  readonly failed: boolean
  /** Version of the last event, 0 without one. */
  readonly version: number
  /** Journal sequence of the last commit. */
  readonly sequence: number
  /** Times of the first and of the last commit, Unix milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Columns of the definition; absent if it has none, or could not give them. */
  readonly columns?: Columns
  /** Why the actor is in quarantine; only if the question was `quarantined: true`. */
  readonly quarantine?: Quarantine
}

/** One page of a list of actors. */
export interface ActorsPage<Columns = AnyColumns> {
  /** Ordered by id. */
  readonly actors: ReadonlyArray<ListedActor<Columns>>
  /** Pass it as `cursor` for the next page; absent on the last one. */
  readonly next?: string
}

/** Which actors are counted, and by what. */
export interface CountOptions {
  /** The definition, the saga, or the name of a type. */
  readonly type: DefinitionOf<AnyActor> | string
  readonly by: "state"
}

/** Number of actors of a type by the compact names of their states; `unknown`: their state is not found out yet. */
export interface ActorCounts {
  readonly total: number
  readonly byState: { readonly [state: string]: number }
  readonly unknown: number
}

/** The directory was asked for something that it cannot answer. Terminal. */
export class InvalidListing extends errorClass<InvalidListing>()(
  "InvalidListing",
  {
    option: Schema.String,
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `The directory cannot list actors by ${this.option}: ${this.detail}. ${this.hint}`
  }
}

/** The system was started without a directory. Terminal. */
export class DirectoryOff extends errorClass<DirectoryOff>()(
  "DirectoryOff",
  {},
  { kind: "terminal", retry: "never", hint: "Start the system without `directory: false`." },
) {
  override get message(): string {
    return `This system has no directory of its actors. ${this.hint}`
  }
}

/** The name of the type that a caller means. Throws {@link InvalidListing}. */
export const typeNameOf = (type: DefinitionOf<AnyActor> | string): string => {
  const name: unknown = typeof type === "string" ? type : Object(type) === type ? actorOf(type)?.type : type
  if (typeof name === "string") return name
  throw invalid(
    "type",
    `it is ${typeof name}`,
    "Give the definition of the actors, or the name of their type.",
  )
}

export const invalid = (option: string, detail: string, hint: string): InvalidListing =>
  new InvalidListing({ option, detail, hint })

/** The time in Unix milliseconds. Throws {@link InvalidListing}. */
export const timeOf = (option: string, time: number | Date): number => {
  const ms = Math.trunc(Number(time))
  if (Number.isSafeInteger(ms)) return ms
  throw invalid(option, "it is no time", "Give Unix milliseconds or a valid date.")
}

/** The number of actors on a page. Throws {@link InvalidListing}. */
export const pageSizeOf = (limit: number = ACTORS_PAGE_DEFAULT): number => {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= ACTORS_PAGE_MAX) return limit
  throw invalid("limit", `it is ${limit}`, `Give a whole number from 1 to ${ACTORS_PAGE_MAX}.`)
}
