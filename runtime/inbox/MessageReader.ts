/**
 * Reads what the mailbox hands out: the message, its actor and the actor's definition.
 *
 * Owns which deliveries this node cannot take, and why. MessageDelivery.ts handles the others.
 */
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import type { DeadLetterReason } from "../deadletter/DeadLetters.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { Delivery } from "../mailbox/Mailbox.ts"
import { decodeMessage, type Message, MessageUnreadable } from "../mailbox/Message.ts"
import type { MailOrigins } from "./MailOrigins.ts"

/** A message with everything that its delivery needs. */
export interface ReadMessage {
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  readonly message: Message
}

/** A message that no node can take; `message` if it could be decoded. */
export interface UnreadableMessage {
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly message: Message | undefined
}

export interface MessageReaderOptions {
  readonly actors: ReadonlyMap<string, ActorDefinition>
  readonly shardMap: ShardMap
  readonly mailOrigins: MailOrigins
  /** This node does not know the actor type of a message. Returns true if another node takes the shard. */
  readonly unhosted: (shardIndex: number, type: string) => boolean
}

export class MessageReader {
  readonly #options: MessageReaderOptions

  constructor(options: MessageReaderOptions) {
    this.#options = options
  }

  /**
   * The message in a delivery, or why this node cannot take it. `undefined`: another node takes the shard.
   */
  read(shardIndex: number, delivery: Delivery): ReadMessage | UnreadableMessage | undefined {
    const { actors, shardMap, mailOrigins, unhosted } = this.#options
    try {
      const decoded = decodeMessage(delivery.data)
      const address = addressFromKey(delivery.key, shardMap.shardCount)
      const { shard } = shardMap.all[shardIndex] as ShardEntry
      // The actor belongs to another shard. Without this check the message would be tried here for ever.
      if (address.shard !== shard) {
        return unreadable(`it is in shard ${shard}, its actor in ${address.shard}`)
      }
      const message = mailOrigins.complete(shard, decoded, delivery)
      const definition = actors.get(address.type)
      if (definition !== undefined) return { definition, address, message }
      if (unhosted(shardIndex, address.type)) return undefined
      const detail = `no node has the actor type "${address.type}"`
      return { reason: "Unroutable", detail, message }
    } catch (cause) {
      return unreadable(cause instanceof MessageUnreadable ? cause.message : String(cause))
    }
  }
}

export const unreadable = (detail: string, reason: DeadLetterReason = "Malformed"): UnreadableMessage => ({
  reason,
  detail,
  message: undefined,
})
