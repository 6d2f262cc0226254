/** Sends the items of a cell to the owner of its shard, because this node has lost the shard. */
import type { CellCore } from "./Phase.ts"

export const moveOut = ({ context, definition, address, queue }: CellCore): void => {
  for (const item of queue.takeOpen()) context.elsewhere(definition, address, item, true)
}
