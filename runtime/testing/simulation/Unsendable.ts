/**
 * Items that cannot be sent for a while, and the cause: a receiver's mailbox is full, permissions for a shard
 * of the mailbox are missing, or the subject of an integration event takes nothing.
 *
 * Owns the list of causes. SimulatedMailbox.ts and SimulatedPublisher.ts ask it. When a cause begins and
 * ends: Chaos.ts.
 */
import type { ActorAddress } from "../../address/ActorAddress.ts"
import { MailboxRefused } from "../../mailbox/Mailbox.ts"
import type { Randomness } from "./Randomness.ts"

export type UnsendableCause =
  | { readonly kind: "full"; readonly key: string }
  | { readonly kind: "not permitted"; readonly shard: number }
  | { readonly kind: "subject"; readonly type: string }

export class Unsendable {
  readonly #causes = new Set<UnsendableCause>()

  /** Draws a cause for one of these actors or event types; `undefined` if there are none for it. */
  draw(
    random: Randomness,
    addresses: ReadonlyArray<ActorAddress>,
    types: ReadonlyArray<string>,
  ): UnsendableCause | undefined {
    const kind = random.pick<UnsendableCause["kind"]>(["full", "not permitted", "subject"])
    if ((kind === "subject" ? types : addresses).length === 0) return undefined
    if (kind === "subject") return { kind, type: random.pick(types) }
    const { key, shard } = random.pick(addresses)
    return kind === "full" ? { kind, key } : { kind, shard }
  }

  begin(cause: UnsendableCause): void {
    this.#causes.add(cause)
  }

  end(cause: UnsendableCause): void {
    this.#causes.delete(cause)
  }

  /** Removes all causes. */
  clear(): void {
    this.#causes.clear()
  }

  /** The mailbox's refusal of a message for `address`; `undefined`: it takes the message. */
  refusal({ key, shard }: ActorAddress): MailboxRefused | undefined {
    for (const cause of this.#causes) {
      if (cause.kind === "full" && cause.key === key) return refused("Full")
      if (cause.kind === "not permitted" && cause.shard === shard) return refused("NotPermitted")
    }
    return undefined
  }

  /** Whether integration events of this type are refused. */
  refuses(type: string): boolean {
    for (const cause of this.#causes) if (cause.kind === "subject" && cause.type === type) return true
    return false
  }
}

const refused = (reason: MailboxRefused["reason"]): MailboxRefused =>
  new MailboxRefused({ reason, detail: "simulated", hint: "" })
