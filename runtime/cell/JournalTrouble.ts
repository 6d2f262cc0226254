/**
 * Trouble of an actor with the journal: its appends are not confirmed, or its history cannot be read. (A
 * server with a full disk, for example, answers no write.)
 *
 * Owns what callers are told of it when their deadline passes or the queue is full. Cell.ts repeats the
 * appends and reads.
 */
import { Effect, Random } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { AppendUnknown, JournalUnavailable } from "../journal/Journal.ts"
import { Busy, Unavailable } from "./AskError.ts"
import { QUEUE_ITEMS_MAX, type Waiting } from "./Waiting.ts"

export class JournalTrouble {
  /** Appends and reads in a row that failed. The pauses grow with this number. */
  attemptCount = 0
  #detail: string | undefined

  /** Attaches the trouble to an item that arrives while the trouble lasts. */
  mark(item: Waiting): void {
    item.waitsFor = this.#detail
  }

  /**
   * An append got no answer. A write that was overtaken by a faster one, or is still in flight, is no
   * trouble.
   */
  unconfirmed({ reason, detail }: AppendUnknown, waiting: ReadonlyArray<Waiting>): void {
    if (reason === "WrongSequence" || reason === "InFlight") return
    this.#say(`the journal does not confirm appends: ${detail}`, waiting)
  }

  unread({ detail }: JournalUnavailable, waiting: ReadonlyArray<Waiting>): void {
    this.#say(`the journal cannot be read: ${detail}`, waiting)
  }

  over(waiting: ReadonlyArray<Waiting>): void {
    if (this.#detail !== undefined) this.#say(undefined, waiting)
  }

  #say(detail: string | undefined, waiting: ReadonlyArray<Waiting>): void {
    this.#detail = detail
    for (const item of waiting) item.waitsFor = detail
  }

  /** The error for a full queue: Busy if callers asked too much, Unavailable if the journal does nothing. */
  noRoom({ type: actorType, id }: ActorAddress): Busy | Unavailable {
    if (this.#detail === undefined) {
      return new Busy({ actorType, id, queue: "Actor", limitCount: QUEUE_ITEMS_MAX })
    }
    const hint = "Try again later; an operator finds out more from the system's health."
    return new Unavailable({ actorType, id, stored: "No", detail: this.#detail, hint })
  }
}

/**
 * First pause before the outcome of an unknown append is checked, in milliseconds. It doubles up to the
 * longest.
 */
const UNKNOWN_PAUSE_FIRST_MS = 10
const UNKNOWN_PAUSE_MAX_MS = 1_000

/** Pauses before the next request to the journal; longer after more attempts. */
export const pauseAfter = (attemptCount: number): Effect.Effect<void> => {
  const longestMs = Math.min(UNKNOWN_PAUSE_FIRST_MS * 2 ** attemptCount, UNKNOWN_PAUSE_MAX_MS)
  return Effect.flatMap(Random.next, (random) => Effect.sleep(longestMs * (0.5 + random / 2)))
}
