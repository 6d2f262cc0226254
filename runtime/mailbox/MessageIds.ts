/**
 * Ids of messages that a mailbox got lately, with their sequences, so that a repeat is not stored again.
 *
 * Owns when an id is forgotten. What is in the mailbox: MailboxContents.ts.
 */
import type { OutboundMessage } from "./Mailbox.ts"

interface Seen {
  readonly atMs: number
  readonly sequence: number
}

/** A message from which the mailbox knows an id. */
interface Known {
  readonly key: string
  readonly id: string
  readonly storedAtMs: number
  readonly sequence: number
}

export class MessageIds {
  readonly #windowMs: number
  /** Known ids by receiver and id, oldest first. */
  readonly #seen = new Map<string, Seen>()

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Sequence of the message with this id, if it came lately. */
  sequenceOf({ address, id }: Pick<OutboundMessage, "address" | "id">, nowMs: number): number | undefined {
    for (const [known, { atMs }] of this.#seen) {
      if (atMs > nowMs - this.#windowMs) break
      this.#seen.delete(known)
    }
    return this.#seen.get(nameOf(address.key, id))?.sequence
  }

  add({ key, id, storedAtMs, sequence }: Known): void {
    this.#seen.set(nameOf(key, id), { atMs: storedAtMs, sequence })
  }

  /** Forgets all ids but those of `messages`. */
  knowOnly(messages: ReadonlyArray<Known>): void {
    this.#seen.clear()
    for (const message of messages) this.add(message)
  }
}

const nameOf = (key: string, id: string): string => `${key} ${id}`
