/**
 * What cannot be sent for a while, and why: a receiver's mailbox is full, rights to a shard of the mailbox are missing, or
 * the subject of an integration event takes nothing.
 *
 * Owns the list of causes. Who asks: SimulatedMailbox.ts and SimulatedPublisher.ts. When a cause begins and ends: Chaos.ts.
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

  /** A cause that meets one of these actors or event types; undefined: there is none of what was drawn. */
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

  /** Everything can be sent again. */
  clear(): void {
    this.#causes.clear()
  }

  /** What the mailbox answers to a message for `address`; undefined: it takes the message. */
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
