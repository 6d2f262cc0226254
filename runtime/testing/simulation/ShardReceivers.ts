/**
 * The receivers of a shard's messages: the newest receiver has the shard, and the others wait until it is
 * gone.
 *
 * Owns the succession, which receivers of real mailboxes settle among themselves. SimulatedMailbox.ts hands
 * out the messages.
 */
import type { KeptMessage } from "../../mailbox/MailboxContents.ts"
import type { Network } from "./Network.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

/** Time after which a waiting receiver notices that the shard has no receiver any more, in milliseconds. */
const ASIDE_MS = 5_000

export interface Receiver {
  readonly host: SimulatedProcess
  readonly shard: number
  /** Which messages it receives; `undefined` for all. */
  readonly isWanted: ((message: KeptMessage) => boolean) | undefined
  /** Whether a message was lost in transit: the receiver then starts again with everything unacknowledged. */
  isDoubted: boolean
}

export class ShardReceivers {
  readonly #network: Network
  readonly #changed: (shard: number) => void
  readonly #byShard = new Map<number, Array<Receiver>>()
  readonly #left = new WeakSet<Receiver>()

  /** `changed`: another receiver has the shard now. */
  constructor(network: Network, changed: (shard: number) => void) {
    this.#network = network
    this.#changed = changed
    network.breaks.push((isBroken) => {
      for (const [shard, receivers] of this.#byShard) {
        const owner = receivers.at(-1)
        if (owner !== undefined && isBroken(owner.host.name, "journal")) this.#handOn(shard)
      }
    })
  }

  /** Shards that have had a receiver. */
  get shards(): Iterable<number> {
    return this.#byShard.keys()
  }

  /** Whether it is the one that has its shard. */
  has(receiver: Receiver): boolean {
    return this.#byShard.get(receiver.shard)?.at(-1) === receiver
  }

  /**
   * A receiver takes its shard. It may do so again, because it may not have heard that it has the shard; and it
   * may have left when its request arrives: then it has the shard and asks for nothing.
   */
  take(receiver: Receiver): void {
    this.#remove(receiver)
    this.#of(receiver.shard).push(receiver)
    this.#changed(receiver.shard)
    if (this.#left.has(receiver)) this.leave(receiver)
  }

  leave(receiver: Receiver): void {
    this.#left.add(receiver)
    const hadIt = this.has(receiver)
    this.#remove(receiver)
    if (hadIt) this.#handOn(receiver.shard)
  }

  #remove(receiver: Receiver): void {
    const receivers = this.#of(receiver.shard)
    const index = receivers.indexOf(receiver)
    if (index >= 0) receivers.splice(index, 1)
  }

  #of(shard: number): Array<Receiver> {
    const known = this.#byShard.get(shard) ?? []
    this.#byShard.set(shard, known)
    return known
  }

  /** A process has crashed. */
  crashed(host: SimulatedProcess): void {
    for (const receivers of this.#byShard.values()) {
      for (const receiver of [...receivers]) if (receiver.host === host) this.leave(receiver)
    }
  }

  #handOn(shard: number): void {
    const receivers = this.#of(shard)
    const former = receivers.at(-1)
    this.#network.world.after(ASIDE_MS, undefined, () => {
      if (former === undefined || receivers.at(-1) !== former) return
      const next = receivers.findLast(({ host }) => !this.#network.isCut(host.name, "journal"))
      if (next === undefined) return this.#handOn(shard)
      receivers.push(...receivers.splice(receivers.indexOf(next), 1))
      this.#changed(shard)
    })
  }
}
