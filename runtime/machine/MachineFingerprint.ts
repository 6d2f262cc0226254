/**
 * The fingerprint of a machine. Two machines with the same states, transitions, and names of guards, actions,
 * delays and actors have the same fingerprint, in every process.
 *
 * Functions are no part of it, because their text differs from build to build. Who compares:
 * ../cell/Snapshot.ts.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate"
import { fingerprint, partsOfFingerprint } from "../json/Fingerprint.ts"
import { machinesIn } from "./ChildLogic.ts"

/** Fingerprint of a machine, as hexadecimal text. */
export const machineFingerprint = (machine: AnyStateMachine): string =>
  partsOfFingerprint(fingerprint(JSON.stringify(describeMachine(machine)))).text

/** The machine, and the machines that it may have as children, because their states are part of its state. */
const describeMachine = (machine: AnyStateMachine): Description => {
  const [own, ...children] = [...machinesIn(machine).keys()].map(({ root }) => describeNode(root))
  return children.length === 0 ? (own as Description) : [own as Description, ...children]
}

type Description = string | number | boolean | null | ReadonlyArray<Description>

type Transition = NonNullable<AnyStateNode["always"]>[number]

const describeNode = (node: AnyStateNode): Description => [
  node.key,
  node.type,
  node.history === false ? "" : node.history,
  placesOf(node.initial?.target),
  namesOf(node.initial?.actions ?? []),
  namesOf(node.entry),
  namesOf(node.exit),
  node.invoke.map(({ id, src }) => [id, nameOf(src)]),
  (node.always ?? []).map(describeTransition),
  // The order of transitions for one event matters; the order of events and states does not.
  sorted([...node.transitions].map(([event, transitions]) => [event, transitions.map(describeTransition)])),
  sorted(Object.values(node.states).map((child) => [child.key, describeNode(child)])),
]

const describeTransition = ({ target, guard, actions, reenter }: Transition): Description => [
  placesOf(target),
  guard === undefined ? null : nameOf(guard),
  namesOf(actions),
  reenter,
]

const sorted = (entries: ReadonlyArray<readonly [string, Description]>): Description =>
  entries.toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))

const placesOf = (nodes: ReadonlyArray<AnyStateNode> | undefined): Description =>
  nodes === undefined ? null : nodes.map(({ path }) => path)

const namesOf = (actions: ReadonlyArray<unknown>): Description => actions.map(nameOf)

/**
 * The name of a guard, action or actor; for XState's own actions also the events and timers that they name.
 */
const nameOf = (given: unknown): Description => {
  if (typeof given === "string") return given
  const { type, event, delay, id, sendId } = (given ?? {}) as Readonly<Record<string, unknown>>
  const eventType =
    typeof event === "object" ? (event as { readonly type?: unknown } | null)?.type : undefined
  return [type, eventType, delay, id, sendId].map((part) =>
    typeof part === "string" || typeof part === "number" ? part : null,
  )
}
