/**
 * The events that a machine announces (`announce`), as far as its configuration shows them.
 *
 * Owns that look. An `announce` inside `enqueueActions` is only seen when it runs: ../cell/Announced.ts.
 */
import type { AnyStateNode } from "xstate"
import { actionsOf, nodesOf, resolvedAction } from "../machine/StateNodes.ts"
import { ANNOUNCE, type AnnounceAction } from "../message/Announce.ts"

interface Announcement {
  readonly type: string
  readonly nodeId: string
}

export const announcementsIn = (root: AnyStateNode): ReadonlyArray<Announcement> =>
  nodesOf(root).flatMap((node) =>
    actionsOf(node).flatMap((given) => {
      const { [ANNOUNCE]: found } = resolvedAction(given, node.machine) as Partial<AnnounceAction>
      return found === undefined ? [] : [{ type: found.type, nodeId: node.id }]
    }),
  )
