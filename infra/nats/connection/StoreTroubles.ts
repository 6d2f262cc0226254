/**
 * Notes what the adapters of a connection meet in their stores (streams and buckets): writes that were
 * refused or not answered, and consumers that could not be attached.
 *
 * Owns the notes alone. StoreWatch.ts reads them at each of its looks and tells operators what they mean.
 */
import { isFull, isUnwritable, type JetStreamError, type NatsRequestFailed } from "./NatsErrors.ts"

/** Unanswered writes in a row that count as trouble; fewer may be a slow moment. */
const UNANSWERED_MIN = 2

/**
 * Looks after which a trouble that did not happen again is forgotten: perhaps no adapter writes there any
 * more.
 */
const LOOKS_KEPT_MAX = 15

/** Looks for which a consumer may stay detached before it counts: electing a leader takes a moment. */
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

/** The first two tokens of a subject, which name the kind of store that it belongs to. */
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

  /** Notes that a message was stored. `store`: the subject written to, or the stream's name. */
  stored(store: string): void {
    if (this.#writes.size > 0) this.#writes.delete(keyOf(store))
  }

  /** Notes that a message was not stored, or that its outcome is unknown. */
  failed(store: string, error: NatsRequestFailed | JetStreamError): void {
    const reason = reasonOf(error)
    if (reason === undefined) return
    const key = keyOf(store)
    const known = this.#writes.get(key)
    const count = known?.reason === reason ? known.count + 1 : 1
    this.#writes.set(key, { reason, detail: error.message, count, looks: 0 })
  }

  /** Notes that a receiver or follower could not get a consumer. */
  detached(owner: object, stream: string, name: string): void {
    if (!this.#detached.has(owner)) this.#detached.set(owner, { stream, name, looks: 0 })
  }

  attached(owner: object): void {
    if (this.#detached.size > 0) this.#detached.delete(owner)
  }

  /** Counts again from 0 for consumers of a stream that is itself in trouble: they get time once it works. */
  excuse(stream: string): void {
    for (const [owner, found] of this.#detached) {
      if (found.stream === stream) this.#detached.set(owner, { ...found, looks: 0 })
    }
  }

  /** Latest trouble of writes to these stores; `undefined` if there is none, or only a slow moment. */
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

  /**
   * Forgets the troubles of stores that another or a restarted server now leads: the next write shows how
   * they are.
   */
  forget(keys: ReadonlyArray<string>): void {
    for (const key of keys) this.#writes.delete(key)
  }

  /** Counts one more look at all stores. */
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
