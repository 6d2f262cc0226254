/** The summary that `npm run cluster --json` writes at its end. Pure. */
import type { LoadFigures } from "./ClusterLoad.ts"
import type { ClusterNode, ProcessState } from "./ClusterNodes.ts"
import { epochSum, type SeenCluster, shardOwners } from "./ClusterView.ts"

const MS_PER_SECOND = 1_000

export interface ClusterSummary {
  readonly seconds: number
  readonly nodes: ReadonlyArray<{
    readonly name: string
    readonly process: ProcessState
    /** State of the node as a member; `none` if it is no member. */
    readonly member: string
    readonly shards: number
  }>
  readonly shardsWithoutOwner: number
  /** Sum over all slots. It rises by one with every move. */
  readonly epochs: number
  readonly load: LoadFigures
  readonly orders: { readonly done: number; readonly total: number }
  readonly events: ReadonlyArray<{ readonly atMs: number; readonly text: string }>
}

interface Facts extends Pick<ClusterSummary, "load" | "orders" | "events"> {
  readonly nodes: ReadonlyArray<ClusterNode>
  readonly seen: SeenCluster | undefined
  readonly elapsedMs: number
}

export const summaryOf = ({ nodes, seen, load, orders, events, elapsedMs }: Facts): ClusterSummary => {
  const owners = seen === undefined ? [] : shardOwners(seen)
  return {
    seconds: Math.round(elapsedMs / MS_PER_SECOND),
    nodes: nodes.map(({ name, state }) => ({
      name,
      process: state(),
      member: seen?.members.find((member) => member.name === name)?.state ?? "none",
      shards: owners.filter((owner) => owner === name).length,
    })),
    shardsWithoutOwner: owners.filter((owner) => owner === undefined).length,
    epochs: seen === undefined ? 0 : epochSum(seen),
    load,
    orders,
    events: events.map(({ atMs, text }) => ({ atMs: Math.round(atMs), text })),
  }
}
