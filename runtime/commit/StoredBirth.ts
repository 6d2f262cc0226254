/**
 * The birth of an actor as its first commit stores it, field `b` (docs/ARCHITECTURE.md, "Data on the wire").
 *
 * Owns the stored form. A birth is stored where there is something to say: input, what the initial state asks for, a
 * context that no replay would make again, or that the actor was spawned. Who decides it: ../cell/Birth.ts.
 */
import { isFields } from "../event/Schema.ts"
import { isOutboxItem, type OutboxItem } from "../message/OutboxItem.ts"

export interface StoredBirth {
  /** Input of the machine, as the schema of the definition yields it; absent: none was given. */
  readonly in?: unknown
  /** What the birth asks for: timers, calls, messages and publications. Counted before the items of all entries. */
  readonly out?: ReadonlyArray<OutboxItem>
  /** State that the actor was born in, where the machine would not give the same again. */
  readonly st?: unknown
}

/** What is wrong with a birth that came from the journal; `undefined`: nothing. Fields of later releases do not matter. */
export const birthComplaintOf = (value: unknown): string | undefined => {
  if (!isFields(value)) return "not an object"
  const { in: input, out, st } = value as { readonly [Field in keyof StoredBirth]?: unknown }
  if (input !== undefined && !isFields(input)) return "in is no object"
  if (out !== undefined && !(Array.isArray(out) && out.every(isOutboxItem))) return "out is no list of items"
  return st === undefined || isFields(st) ? undefined : "st is no state"
}
