/**
 * The birth of an actor as its first commit stores it, field `b` (docs/ARCHITECTURE.md, "Data on the wire").
 *
 * Owns the stored form. A birth is stored if it has any content: input, intents of the initial state, a
 * context that a replay would not make again, or the mark of a spawn. Who decides it: ../cell/Birth.ts.
 */
import { isFields } from "../event/Schema.ts"
import { isOutboxItem, type OutboxItem } from "../message/OutboxItem.ts"

export interface StoredBirth {
  /** Input of the machine, as the definition's schema yields it; absent if none was given. */
  readonly in?: unknown
  /**
   * Outbox items of the birth: timers, calls, messages and publications. Their indexes come before those of
   * all entries.
   */
  readonly out?: ReadonlyArray<OutboxItem>
  /** State at the birth, if the machine would not make the same state again. */
  readonly st?: unknown
}

/**
 * The problem with a birth from the journal; `undefined` if there is none. Fields of later releases are
 * ignored.
 */
export const birthComplaintOf = (value: unknown): string | undefined => {
  if (!isFields(value)) return "not an object"
  const { in: input, out, st } = value as { readonly [Field in keyof StoredBirth]?: unknown }
  if (input !== undefined && !isFields(input)) return "in is no object"
  if (out !== undefined && !(Array.isArray(out) && out.every(isOutboxItem))) return "out is no list of items"
  return st === undefined || isFields(st) ? undefined : "st is no state"
}
