/**
 * The door to this node's own cells, for what the router and direct deliveries bring.
 *
 * Owns whether there are cells: a client never has any, and a node before its cells exist takes nothing. So the router and
 * the outbox are made before the cells, which need both.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Cells } from "../cell/Cells.ts"
import type { Waiting } from "../cell/Waiting.ts"
import type { ActorDefinition } from "../definition/Actor.ts"

type Host = Pick<Cells, "offer" | "takes">

export class LocalCells {
  #host: Host | undefined

  /** From now on these cells take what this node owns. */
  connect(host: Host): void {
    this.#host = host
  }

  /** Whether this node owns the actor's shard and takes new work for it. */
  readonly takes = (definition: ActorDefinition, address: ActorAddress): boolean =>
    this.#host?.takes(definition, address) === true

  /** Hands an item to its actor's cell. Call it only after {@link takes} said yes. */
  readonly offer = (definition: ActorDefinition, address: ActorAddress, item: Waiting): void => {
    if (this.#host === undefined) throw new Error(`no cells on this node for ${address.key}`)
    this.#host.offer(definition, address, item)
  }
}
