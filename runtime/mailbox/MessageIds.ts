/**
 * Ids of the messages that a mailbox was given lately, and where each one is: what it is given again is stored once.
 *
 * Owns when an id is forgotten. What is in the mailbox: MailboxContents.ts.
 */
import type { OutboundMessage } from "./Mailbox.ts"

interface Seen {
  readonly atMs: number
  readonly sequence: number
}

/** A message by which a mailbox knows an id. */
interface Known {
  readonly key: string
  readonly id: string
  readonly storedAtMs: number
  readonly sequence: number
}

export class MessageIds {
  readonly #windowMs: number
  /** By receiver and id, oldest first. */
  readonly #seen = new Map<string, Seen>()

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Where the message with this id is, if it came lately. */
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

  /** All others are forgotten. */
  knowOnly(messages: ReadonlyArray<Known>): void {
    this.#seen.clear()
    for (const message of messages) this.add(message)
  }
}

const nameOf = (key: string, id: string): string => `${key} ${id}`
