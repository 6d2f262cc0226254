/**
 * The event that XState makes for the end of an invoked promise, as the actor stores it and as its machine sees it.
 *
 * Owns both forms. An outcome that is plain JSON is stored as it is. Any other outcome is also stored in the
 * form of ../json/StoredValue.ts: under `raw` the output or the error of a plain `fromPromise`, under
 * `thrown` the error of a `defineCall(...)`. Readers of earlier releases see only the plain part.
 */
import { decodeValue, type StoredValue } from "../json/StoredValue.ts"

interface CallEnd {
  readonly type: string
  readonly [field: string]: unknown
}

/** How the call ended: the outcome of ../call/Call.ts. */
type Ended =
  | { readonly ok: true; readonly output: unknown; readonly raw?: StoredValue }
  | { readonly ok: false; readonly error: unknown; readonly raw?: StoredValue; readonly thrown?: StoredValue }

const DONE = "xstate.done.actor."
const FAILED = "xstate.error.actor."

/** The event for the end of the call `actorId`, as it is stored. */
export const eventOfCall = (actorId: string, ended: Ended): CallEnd => {
  const raw = ended.raw === undefined ? undefined : { raw: ended.raw }
  if (ended.ok) return { type: DONE + actorId, output: ended.output, ...raw, actorId }
  const thrown = ended.thrown === undefined ? undefined : { thrown: ended.thrown }
  return { type: FAILED + actorId, error: ended.error, ...raw, ...thrown, actorId }
}

/**
 * The stored event as the machine sees it; any event that is not the end of a call stays as it is. Throws for
 * malformed values.
 */
export const callEndSeen = (stored: CallEnd): CallEnd => {
  const isDone = stored.type.startsWith(DONE)
  if (!isDone && !stored.type.startsWith(FAILED)) return stored
  const { raw, thrown, ...event } = stored
  if (raw !== undefined) return { ...event, [isDone ? "output" : "error"]: decodeValue(raw) } as CallEnd
  if (thrown === undefined) return stored
  return { ...event, error: { ...(event["error"] as object), thrown: decodeValue(thrown) } } as CallEnd
}
