/** What waits in a cell whose shard this node does not have any more goes to the shard's owner. */
import type { CellCore } from "./Phase.ts"

export const moveOut = ({ context, definition, address, queue }: CellCore): void => {
  for (const item of queue.takeOpen()) context.elsewhere(definition, address, item, true)
}
