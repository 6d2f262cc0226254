/**
 * Runs a machine with children as a pure fold: the state after an event depends only on the event and the
 * state before it.
 *
 * Owns the way from state to state. A state is XState's snapshot of the root. Its children are live actors of
 * the state's family. Before the family takes an event, it is put back to its standing in that state. How the
 * actors run: Family.ts. Machines without children: Machine.ts.
 */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from "xstate"
import { thrownAsStored } from "../call/ThrownValue.ts"
import { type AnyEvent, INSIDE } from "../event/Event.ts"
import { frozen, handedOut } from "../json/Frozen.ts"
import { REJECTED, RESOLVED } from "./ChildLogic.ts"
import { Family } from "./Family.ts"
import type { Member } from "./FamilyMember.ts"
import { type FamilyPlace, placeOf, setPlace } from "./FamilyPlace.ts"
import { type FamilyRecord, familyOf, recordOf } from "./FamilyRecord.ts"
import type { Intent } from "./Intent.ts"
import { callLogicOf, logicOf } from "./InvokedLogic.ts"
import type { AnySnapshot, LiveActor } from "./LiveActor.ts"
import { sealed } from "./SealedState.ts"

/** The result of an event. */
export interface FamilyStep {
  readonly state: AnyMachineSnapshot
  readonly intents: ReadonlyArray<Intent>
}

/** A state and its children at birth. Throws what the root threw, and `NotDurable`. */
export const bearFamily = (machine: AnyStateMachine, id: string, input: unknown): FamilyStep => {
  const family = new Family(machine)
  const intents = family.bear(id, input)
  return { state: settle(family, undefined), intents }
}

/**
 * The state after an event, or `undefined` if no actor of the family takes it. Throws what the root threw,
 * and `NotDurable`.
 */
export const takeInFamily = (state: AnyMachineSnapshot, event: AnyEvent): FamilyStep | undefined => {
  const { family, standing } = placeIn(state)
  if ((family.root._snapshot as unknown) !== state) family.putBack(standing)
  const addressed = addressedOf(family, event)
  if (addressed === undefined) return undefined
  for (const [actor, snapshot] of standing.snapshots) actor._snapshot = changeable(snapshot)
  try {
    const intents = family.take(...addressed)
    return intents === undefined ? undefined : { state: settle(family, state), intents }
  } catch (cause) {
    family.putBack(standing)
    throw cause
  }
}

/**
 * A copy in which the unfreezable parts of a context are copied, so that a child that changes a map in place
 * changes only its next state.
 */
const changeable = (snapshot: AnySnapshot): AnySnapshot => {
  const { context } = snapshot as { readonly context?: unknown }
  const copy = handedOut(context)
  return copy === context ? snapshot : ({ ...snapshot, context: copy } as AnySnapshot)
}

const placeIn = (state: object): FamilyPlace => {
  const place = placeOf(state)
  if (place === undefined) throw new Error("a state without a family")
  return place
}

/** The actor that takes an event that comes to the machine, and the event in the form that it takes. */
const addressedOf = (family: Family, event: AnyEvent): [Member, AnyEvent] | undefined => {
  const root = family.memberOf(family.root) as Member
  if (event.type === INSIDE) {
    const { to, event: inner } = event as { readonly to?: unknown; readonly event?: unknown }
    const member = to === "" ? root : family.memberAt(String(to))
    return member === undefined ? undefined : [member, inner as AnyEvent]
  }
  for (const { prefix, type, field } of CALL_ENDS) {
    if (!event.type.startsWith(prefix)) continue
    const member = family.memberAt(event.type.slice(prefix.length))
    if (member?.kind === "promise") return [member, { type, data: event[field] }]
  }
  return [root, event]
}

const CALL_ENDS = [
  { prefix: "xstate.done.actor.", type: RESOLVED, field: "output" },
  { prefix: "xstate.error.actor.", type: REJECTED, field: "error" },
] as const

/** The state that the family has come to, always as a new object. */
const settle = (family: Family, before: AnyMachineSnapshot | undefined): AnyMachineSnapshot => {
  const { root } = family
  if ((root._snapshot as unknown) === before) root._snapshot = { ...root._snapshot }
  const { standing } = family
  for (const [actor, snapshot] of standing.snapshots) sealSnapshot(actor, snapshot)
  for (const [actor, snapshot] of standing.ended) sealSnapshot(actor, snapshot)
  const state = root._snapshot as unknown as AnyMachineSnapshot
  setPlace(state, { family, standing })
  return state
}

const sealSnapshot = (actor: LiveActor, snapshot: AnySnapshot): void => {
  if (Object.isFrozen(snapshot)) return
  // The error may have no stored form. The snapshot has from the start the form that a restored snapshot
  // would have.
  if (snapshot.status === "error") Object.assign(snapshot, { error: thrownAsStored(snapshot.error) })
  if ("_nodes" in snapshot) {
    sealed(snapshot as unknown as AnyMachineSnapshot)
    return
  }
  const { context, output, error, input } = snapshot as unknown as Readonly<Record<string, unknown>>
  for (const part of [context, output, error, input]) frozen(part)
  Object.freeze(snapshot)
  actor._snapshot = snapshot
}

/** Makes a family for a state that has none, with the children that such a state leaves out: its promises. */
export const adoptIntoFamily = (
  machine: AnyStateMachine,
  state: AnyMachineSnapshot,
  id: string,
): AnyMachineSnapshot => {
  const family = new Family(machine)
  const root = family.bringBack({ address: "", logic: machine, isRunning: true, options: { id } })
  const snapshots = new Map<LiveActor, AnySnapshot>()
  const children: Record<string, LiveActor> = {}
  const adopted = { ...state, children } as unknown as AnyMachineSnapshot
  root._snapshot = adopted as unknown as AnySnapshot
  snapshots.set(root, root._snapshot)
  for (const { invoke } of state._nodes as ReadonlyArray<AnyStateNode>) {
    for (const { id, src } of invoke as ReadonlyArray<{ id: string; src: string }>) {
      const logic = logicOf(machine, src)
      if (callLogicOf(logic) === undefined) continue
      const options = { id, src, parent: root }
      const child = family.bringBack({ address: id, logic, isRunning: true, options })
      child._snapshot = { status: "active" }
      children[id] = child
      snapshots.set(child, child._snapshot)
    }
  }
  family.putBack({ snapshots, ended: new Map(), named: new Map(), unnamedCount: 0 })
  return settle(family, undefined)
}

/** Addresses of the calls that the state waits for. */
export const callsOf = (state: AnyMachineSnapshot): ReadonlyArray<string> => {
  const { family, standing } = placeIn(state)
  const addresses: Array<string> = []
  for (const actor of standing.snapshots.keys()) {
    const member = family.memberOf(actor)
    if (member?.kind === "promise") addresses.push(member.address)
  }
  return addresses
}

/** Plain data of a state, for {@link restoreFamily}. */
export const persistFamily = (state: AnyMachineSnapshot): FamilyRecord => {
  const { family, standing } = placeIn(state)
  return recordOf(family, standing)
}

/** The state of actor `id` in a record. Throws if the record does not fit the machine. */
export const restoreFamily = (
  machine: AnyStateMachine,
  record: FamilyRecord,
  id: string,
): AnyMachineSnapshot => {
  const { family, standing } = familyOf(machine, record, id)
  family.putBack(standing)
  return settle(family, undefined)
}
