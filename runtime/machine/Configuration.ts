/**
 * The states that a snapshot is in, if they are not the states that its value names.
 *
 * Owns how they are written down and restored. XState leaves ancestors out when a history state leads into a
 * region of a parallel state from outside of it: the value names the ancestors, but the snapshot is not in
 * them. If only the value were stored, the restored machine would go on in another way.
 */
import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  getStateNodes,
  type Snapshot,
} from "xstate"
import { isSameValue } from "./StateName.ts"
import { nodesOf } from "./StateNodes.ts"

/** Ids of the states; `undefined` if the value names exactly these states. */
export const statesBeyondValue = ({
  machine,
  value,
  _nodes: nodes,
}: AnyMachineSnapshot): ReadonlyArray<string> | undefined => {
  const named = new Set(getStateNodes(machine.root, value))
  const isNamed = named.size === nodes.length && nodes.every((node) => named.has(node))
  return isNamed ? undefined : nodes.map(({ id }) => id)
}

/** Parts of a machine's snapshot as they were written down. */
interface Recorded {
  readonly value?: unknown
  /** The result of {@link statesBeyondValue}. */
  readonly states?: unknown
}

/**
 * The snapshot that was written down, without its context and children. Throws if the machine has no such
 * states, and what XState throws if the snapshot does not fit the machine.
 */
export const restoredBare = (
  machine: AnyStateMachine,
  recorded: Recorded,
  scope: AnyActorScope,
): AnyMachineSnapshot => {
  const bare = { ...recorded, context: {}, children: {} } as unknown as Snapshot<unknown>
  const restored = machine.restoreSnapshot(bare, scope) as AnyMachineSnapshot
  // XState fills in what a value leaves open, so a machine without the state would be restored in another
  // state.
  if (restored._nodes.length === 0 || !isSameValue(restored.value, recorded.value)) {
    throw new Error("the snapshot names no state of this machine")
  }
  if (recorded.states === undefined) return restored
  const byId = new Map(nodesOf(machine.root).map((node) => [node.id, node]))
  const nodes = (recorded.states as ReadonlyArray<string>).map((id) => {
    const node = byId.get(id)
    if (node === undefined)
      throw new Error(`the snapshot is in the state "${id}", which the machine does not have`)
    return node
  })
  return Object.assign(restored, { _nodes: nodes, tags: new Set(nodes.flatMap(({ tags }) => tags)) })
}
