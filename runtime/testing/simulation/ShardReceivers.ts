/**
 * Who receives a shard's messages: the receiver that came last has the shard, the others stand aside until it is gone.
 *
 * Owns the succession, as the receivers of real mailboxes settle it among themselves. What they are handed:
 * SimulatedMailbox.ts.
 */
import type { Network } from "./Network.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

/** Time after which a receiver that stands aside notices that nobody receives any more. */
const ASIDE_MS = 5_000

export interface Receiver {
  readonly host: SimulatedProcess
  readonly shard: number
  /** Something was lost on the way: it starts again with what is not acknowledged. */
  isDoubted: boolean
}

export class ShardReceivers {
  readonly #network: Network
  readonly #changed: (shard: number) => void
  readonly #byShard = new Map<number, Array<Receiver>>()

  /** `changed`: somebody else has the shard now. */
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

  /** Whether it is the one that has its shard. */
  has(receiver: Receiver): boolean {
    return this.#byShard.get(receiver.shard)?.at(-1) === receiver
  }

  /** A new receiver takes its shard. */
  take(receiver: Receiver): void {
    const receivers = this.#byShard.get(receiver.shard)
    if (receivers === undefined) this.#byShard.set(receiver.shard, [receiver])
    else receivers.push(receiver)
    this.#changed(receiver.shard)
  }

  leave(receiver: Receiver): void {
    const hadIt = this.has(receiver)
    const receivers = this.#byShard.get(receiver.shard) ?? []
    const index = receivers.indexOf(receiver)
    if (index >= 0) receivers.splice(index, 1)
    if (hadIt) this.#handOn(receiver.shard)
  }

  /** A process is gone without a word. */
  crashed(host: SimulatedProcess): void {
    for (const receivers of this.#byShard.values()) {
      for (const receiver of [...receivers]) if (receiver.host === host) this.leave(receiver)
    }
  }

  #handOn(shard: number): void {
    const receivers = this.#byShard.get(shard) ?? []
    const former = receivers.at(-1)
    this.#network.world.after(ASIDE_MS, undefined, () => {
      const next = receivers.findLast(({ host }) => !this.#network.isCut(host.name, "journal"))
      if (next === undefined || receivers.at(-1) !== former) return
      receivers.push(...receivers.splice(receivers.indexOf(next), 1))
      this.#changed(shard)
    })
  }
}
