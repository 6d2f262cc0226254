/** What was sent to an actor, and what has become of it, for the checker of deliveries (DeliveryChecker.ts). */
import type { AnyEvent } from "../../event/Event.ts"

export interface Sent {
  readonly id: string
  readonly to: string
  /** Key of the actor whose commit carries it; `undefined` for a client's tell. */
  readonly from: string | undefined
  /** Its place in the journal, as a number that rises in sending order. */
  readonly order: number
  readonly effect: "command" | "request" | "answer" | "signal"
  readonly command: AnyEvent | undefined
  /** Whether the mailbox has accepted it. */
  isAccepted: boolean
  /** How often the mailbox stored it. A client's repeat after the mailbox forgot the id is stored again. */
  copyCount: number
  /** How often a client's tell was decided without a copy in the mailbox. */
  directCount: number
  appliedCount: number
  isDead: boolean
  /** Whether it was in a mailbox that an older copy replaced. */
  isGone: boolean
}

/** What is known when it is sent. */
export type SentItem = Pick<Sent, "id" | "to" | "from" | "order" | "effect" | "command">

export const newlySent = (given: SentItem, isAccepted: boolean): Sent => ({
  ...given,
  isAccepted,
  copyCount: isAccepted ? 1 : 0,
  directCount: 0,
  appliedCount: 0,
  isDead: false,
  isGone: false,
})
