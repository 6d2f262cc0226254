/**
 * The states that a snapshot is in, where they are not the ones that its value names.
 *
 * Owns how they are written down and come back. XState leaves ancestors out when a history state leads into a region of a
 * parallel state from outside of it: the value has them, the snapshot is not in them, and goes on like that. A stored
 * state that said its value only would go on in another way.
 */
import { type AnyMachineSnapshot, type AnyStateNode, getStateNodes } from "xstate"
import { nodesOf } from "./InvokedLogic.ts"

/** Ids of the states; `undefined` where the value names them. */
export const statesBeyondValue = ({
  machine,
  value,
  _nodes: nodes,
}: AnyMachineSnapshot): ReadonlyArray<string> | undefined => {
  const named = new Set(getStateNodes(machine.root, value))
  const isNamed = named.size === nodes.length && nodes.every((node) => named.has(node))
  return isNamed ? undefined : nodes.map(({ id }) => id)
}

/** The snapshot, restored from its value, in the states that were written down. Throws where the machine has no such state. */
export const inStates = (restored: AnyMachineSnapshot, ids: unknown): AnyMachineSnapshot => {
  if (ids === undefined) return restored
  const byId = new Map(
    nodesOf(restored.machine.root).map((node) => [node.id, node as unknown as AnyStateNode]),
  )
  const nodes = (ids as ReadonlyArray<string>).map((id) => {
    const node = byId.get(id)
    if (node === undefined)
      throw new Error(`the snapshot is in the state "${id}", which the machine does not have`)
    return node
  })
  return Object.assign(restored, { _nodes: nodes, tags: new Set(nodes.flatMap(({ tags }) => tags)) })
}
