/**
 * What one request has caused: the commands of its correlation, in the order of the journal.
 *
 * Owns the reading of the index, and the removal of old rows in the background. What is in the index:
 * CorrelationTable.ts.
 */
import { Clock, Effect, type Scope } from "effect"
import { isStorableText } from "../json/StorableText.ts"
import { thrownText } from "../json/Thrown.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import type { ProjectionFailed, ReadModelService, ReadModelUnavailable } from "../projection/ReadModel.ts"
import type { Condition } from "../projection/TableQueries.ts"
import { type CorrelationRow, correlationKey } from "./CorrelationTable.ts"
import { DirectoryOff, type InvalidListing, invalid, pageSizeOf } from "./Listing.ts"

/** Pause between two removals of old rows, in milliseconds. */
export const CORRELATIONS_PRUNE_PAUSE_MS = 10 * 60_000

/** Rows that are removed at once. */
const PRUNED_ROWS_MAX = 5_000

/** Which part of a correlation is listed. */
export interface CorrelationOptions {
  /** `next` of the page before. */
  readonly cursor?: string
  /** Commands at most: 1 to 1,000, default 100. */
  readonly limit?: number
}

/** A command of a correlation, as its actor stored it. */
export interface CorrelatedCommand {
  readonly type: string
  readonly id: string
  /** Id of the command, message, timer, answer or call that the actor handled. */
  readonly commandId: string
  /** Id of what caused it, such as the command whose commit sent the message. Absent for the first. */
  readonly causationId?: string
  readonly user?: string
  /** The W3C traceparent. */
  readonly trace?: string
  /** Journal sequence of its commit. */
  readonly sequence: number
  /** Versions of its first and last event; absent if it stored none. */
  readonly versions?: { readonly first: number; readonly last: number }
  /** Names of its events, 16 at most; those of the runtime are among them. */
  readonly events: ReadonlyArray<string>
  /** Time of the commit, Unix milliseconds. */
  readonly at: number
}

/** One page of what a request has caused. */
export interface Correlation {
  /** By journal sequence, which is the order of time in each partition of the journal. */
  readonly commands: ReadonlyArray<CorrelatedCommand>
  /** Pass it as `cursor` for the next page; absent on the last one. */
  readonly next?: string
}

/** All errors of reading a correlation. */
export type CorrelationError = InvalidListing | DirectoryOff | ReadModelUnavailable | ProjectionFailed

/** Reads one page of what the request of a correlation id has caused. */
export type ReadCorrelation = (
  id: string,
  options?: CorrelationOptions,
) => Effect.Effect<Correlation, CorrelationError>

/** `table`: the index; `undefined` if the system keeps none. */
export const readCorrelationOf =
  (table: ProjectionDefinition | undefined, readModel: ReadModelService): ReadCorrelation =>
  (id, { cursor, limit } = {}) =>
    Effect.suspend((): Effect.Effect<Correlation, CorrelationError> => {
      if (table === undefined) return Effect.fail(new DirectoryOff())
      if (typeof id !== "string" || !isStorableText(id)) {
        return Effect.fail(invalid("correlation", "it is no text", "Give the correlation id of a request."))
      }
      const where: Array<Condition> = [{ column: "correlation", is: "=", value: correlationKey(id) }]
      let size: number
      try {
        if (cursor !== undefined) where.push({ column: "place", is: ">", value: placeOf(cursor) })
        size = pageSizeOf(limit)
      } catch (cause) {
        return Effect.fail(cause as InvalidListing)
      }
      return Effect.map(readModel.select(table, { where, orderBy: "place", limit: size + 1 }), (found) => {
        const rows = (found as ReadonlyArray<CorrelationRow>).slice(0, size)
        const last = found.length > size ? rows.at(-1) : undefined
        return {
          commands: rows.map(commandOf),
          ...(last === undefined ? undefined : { next: `${last.place}` }),
        }
      })
    })

/** Throws InvalidListing. */
const placeOf = (cursor: string): number => {
  const place = /^\d{1,16}$/.test(cursor) ? Number(cursor) : Number.NaN
  if (Number.isSafeInteger(place)) return place
  throw invalid("cursor", "it is no cursor", "Give `next` of the page before.")
}

const commandOf = (row: CorrelationRow): CorrelatedCommand => ({
  type: row.type,
  id: row.id,
  commandId: row.command,
  ...(row.cause === null ? undefined : { causationId: row.cause }),
  ...(row.by === null ? undefined : { user: row.by }),
  ...(row.trace === null ? undefined : { trace: row.trace }),
  sequence: row.sequence,
  ...(row.first === null || row.last === null
    ? undefined
    : { versions: { first: row.first, last: row.last } }),
  events: row.events as ReadonlyArray<string>,
  at: row.at,
})

/** Removes rows that are older than they are kept, until the scope ends. */
export const pruneCorrelations = (
  table: ProjectionDefinition,
  readModel: ReadModelService,
  keptMs: number,
): Effect.Effect<void, never, Scope.Scope> => {
  const pruneSome: Effect.Effect<void, ReadModelUnavailable | ProjectionFailed> = Effect.gen(function* () {
    const below = (yield* Clock.currentTimeMillis) - keptMs
    let count = PRUNED_ROWS_MAX
    while (count === PRUNED_ROWS_MAX) {
      count = yield* readModel.prune(table, { column: "at", below, limit: PRUNED_ROWS_MAX })
    }
  })
  // The database or the table is not there: the next turn may find it.
  const turn = Effect.catchDefect(Effect.ignore(pruneSome), (defect) =>
    logSampled("removing correlations", `Old correlations are not removed: ${thrownText(defect)}`),
  )
  return Effect.asVoid(
    Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(CORRELATIONS_PRUNE_PAUSE_MS), turn))),
  )
}
