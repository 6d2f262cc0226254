/**
 * What a connection's adapters notice of their stores (streams and buckets) while they use them: writes that were
 * refused or not answered, and consumers that cannot be attached to.
 *
 * Owns the notes alone. StoreWatch.ts reads them at each of its looks, and says what they mean to an operator.
 */
import { isFull, isUnwritable, type JetStreamError, type NatsRequestFailed } from "./NatsErrors.ts"

/** Writes without an answer, one after the other, that are more than a slow moment. */
const UNANSWERED_MIN = 2

/** A trouble that did not happen again is forgotten after so many looks: perhaps nothing is written there any more. */
const LOOKS_KEPT_MAX = 15

/** An attempt to attach a consumer may fail for so many looks before it is told: a new leader takes a moment. */
const LOOKS_DETACHED_MAX = 2

export interface WriteTrouble {
  readonly reason: "Full" | "Unwritable" | "Unanswered" | "NotPermitted"
  readonly detail: string
  readonly count: number
  /** Looks since it happened last. */
  readonly looks: number
}

export interface DetachedConsumer {
  readonly stream: string
  readonly name: string
  readonly looks: number
}

/** The first two tokens of a subject, which say what kind of store it is written to. */
export const storeOfSubject = (subject: string): string =>
  subject.slice(0, subject.indexOf(".", subject.indexOf(".") + 1))

const reasonOf = (error: NatsRequestFailed | JetStreamError): WriteTrouble["reason"] | undefined => {
  if (error._tag === "NatsRequestFailed") {
    if (error.reason === "Timeout") return "Unanswered"
    return error.reason === "NotPermitted" ? "NotPermitted" : undefined
  }
  if (isFull(error)) return "Full"
  return isUnwritable(error) ? "Unwritable" : undefined
}

export class StoreTroubles {
  readonly #writes = new Map<string, WriteTrouble>()
  readonly #detached = new Map<object, DetachedConsumer>()

  /** A message was stored. `store`: a subject written to, or the stream's name. */
  stored(store: string): void {
    if (this.#writes.size > 0) this.#writes.delete(keyOf(store))
  }

  /** A message was not stored, or it is not known whether it was. */
  failed(store: string, error: NatsRequestFailed | JetStreamError): void {
    const reason = reasonOf(error)
    if (reason === undefined) return
    const key = keyOf(store)
    const known = this.#writes.get(key)
    const count = known?.reason === reason ? known.count + 1 : 1
    this.#writes.set(key, { reason, detail: error.message, count, looks: 0 })
  }

  /** A receiver or follower has no consumer, and could not get one. */
  detached(owner: object, stream: string, name: string): void {
    if (!this.#detached.has(owner)) this.#detached.set(owner, { stream, name, looks: 0 })
  }

  attached(owner: object): void {
    if (this.#detached.size > 0) this.#detached.delete(owner)
  }

  /** The stream itself is in trouble: its consumers have time again once it works. */
  excuse(stream: string): void {
    for (const [owner, found] of this.#detached) {
      if (found.stream === stream) this.#detached.set(owner, { ...found, looks: 0 })
    }
  }

  /** What writes to one of these places met last; `undefined` while all is well, or for one slow moment. */
  ofWrites(keys: ReadonlyArray<string>): WriteTrouble | undefined {
    return keys
      .map((key) => this.#writes.get(key))
      .find(
        (found) => found !== undefined && (found.reason !== "Unanswered" || found.count >= UNANSWERED_MIN),
      )
  }

  /** Consumers of a stream that have been missing for some looks. */
  ofConsumers(stream: string): ReadonlyArray<DetachedConsumer> {
    return Array.from(this.#detached.values()).filter(
      (found) => found.stream === stream && found.looks > LOOKS_DETACHED_MAX,
    )
  }

  /** The stores of these keys are on another server now, or on one that was started again: the next write will tell. */
  forget(keys: ReadonlyArray<string>): void {
    for (const key of keys) this.#writes.delete(key)
  }

  /** All stores have been looked at once more. */
  looked(): void {
    for (const [key, trouble] of this.#writes) {
      if (trouble.looks >= LOOKS_KEPT_MAX) this.#writes.delete(key)
      else this.#writes.set(key, { ...trouble, looks: trouble.looks + 1 })
    }
    for (const [owner, found] of this.#detached) {
      this.#detached.set(owner, { ...found, looks: found.looks + 1 })
    }
  }
}

const keyOf = (store: string): string => (store.includes(".") ? storeOfSubject(store) : store)
