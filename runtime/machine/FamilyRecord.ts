/**
 * A family as plain data, and back.
 *
 * Owns the form. It is XState's persisted snapshot of the root, with a list of all other actors in `family`:
 * running actors first, in the order in which they were made, then ended actors that are still referred to.
 * Actors refer to each other by their index in the list; 0 is the root. XState's own form nests children, and
 * it loses references to other actors than a machine's own children.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from "xstate"
import { thrownAsStored } from "../call/ThrownValue.ts"
import { isPlainObject } from "../json/Frozen.ts"
import { withRefs } from "./ActorRefs.ts"
import { restoredBare, statesBeyondValue } from "./Configuration.ts"
import { Family } from "./Family.ts"
import { type Standing, snapshotIn } from "./FamilyStanding.ts"
import { logicOf } from "./InvokedLogic.ts"
import { type AnySnapshot, isLiveActor, type LiveActor } from "./LiveActor.ts"

interface RecordedActor {
  readonly address: string
  readonly id: string
  /** Index of the actor's parent. */
  readonly parent: number
  readonly src: string
  readonly systemId?: string
  readonly isSynced?: true
  readonly isRunning?: true
  readonly snapshot: RecordedSnapshot
}

interface RecordedSnapshot {
  readonly status: AnySnapshot["status"]
  readonly value?: unknown
  readonly context?: unknown
  /** Indexes of a machine's children, by their keys. */
  readonly children?: Readonly<Record<string, number>>
  readonly [field: string]: unknown
}

export interface FamilyRecord extends RecordedSnapshot {
  readonly family: {
    /** Id of the root. */
    readonly id: string
    readonly unnamedCount: number
    readonly actors: ReadonlyArray<RecordedActor>
  }
}

/** Key of a reference to an actor: XState's mark. Its value is the actor's index. */
const MARK = "xstate$$type"
const MARK_VALUE = 1

/** Value of the mark for a user's object that has a field of that name: the object's fields follow. */
const ESCAPED = "fields"

const isMachineSnapshot = (snapshot: AnySnapshot): snapshot is AnySnapshot & AnyMachineSnapshot =>
  "_nodes" in snapshot

/** The record of a standing. */
export const recordOf = (family: Family, standing: Standing): FamilyRecord => {
  const { snapshots, unnamedCount } = standing
  const actors = [...snapshots.keys()]
  const places = new Map(actors.map((actor, place) => [actor, place]))
  const placeOf = (actor: LiveActor): number => {
    const known = places.get(actor)
    if (known !== undefined) return known
    actors.push(actor)
    places.set(actor, actors.length - 1)
    return actors.length - 1
  }
  const marked = (value: unknown): unknown =>
    withRefs(value, (part) => {
      if (isLiveActor(part) && family.memberOf(part) !== undefined) {
        return { [MARK]: MARK_VALUE, id: placeOf(part) }
      }
      if (!(isPlainObject(part) && Object.hasOwn(part, MARK))) return undefined
      const fields = Object.entries(part).map(([key, field]) => [key, marked(field)])
      return { [MARK]: ESCAPED, fields, isBare: Object.getPrototypeOf(part) === null }
    })
  const recorded: Array<RecordedActor> = []
  // The loop also visits actors that it adds to the list: snapshots lead to actors that have ended.
  for (let place = 0; place < actors.length; place++) {
    const actor = actors[place] as LiveActor
    const snapshot = recordedSnapshot(snapshotIn(standing, actor), marked, placeOf)
    const member = family.memberOf(actor)
    if (member === undefined) throw new Error("an actor of another family")
    const { address, src, isSynced } = member
    const { id, systemId, _parent } = actor
    recorded.push({
      address,
      id,
      // The parent may have ended, because a child that failed leaves its calls running.
      parent: _parent === undefined ? 0 : placeOf(_parent),
      src,
      ...(systemId === undefined ? undefined : { systemId }),
      ...(isSynced ? { isSynced } : undefined),
      ...(snapshots.has(actor) ? { isRunning: true } : undefined),
      snapshot,
    })
  }
  const [root, ...others] = recorded as [RecordedActor, ...Array<RecordedActor>]
  return { ...root.snapshot, family: { id: root.id, unnamedCount, actors: others } }
}

const recordedSnapshot = (
  snapshot: AnySnapshot,
  marked: (value: unknown) => unknown,
  placeOf: (actor: LiveActor) => number,
): RecordedSnapshot => {
  // A child may throw a value without a stored form; the same part of it is kept as of a call's error.
  const told = snapshot.error === undefined ? undefined : thrownAsStored(snapshot.error)
  if (!isMachineSnapshot(snapshot)) {
    return withoutUndefined(marked({ ...snapshot, error: told }) as RecordedSnapshot)
  }
  const { status, value, context, output, historyValue, children } = snapshot
  return withoutUndefined({
    status,
    value,
    states: statesBeyondValue(snapshot),
    context: marked(context),
    output: marked(output),
    error: told,
    historyValue: mapValues(historyValue, (nodes) => nodes.map(({ id }) => ({ id }))),
    children: mapValues(children as Readonly<Record<string, unknown>>, (child) =>
      placeOf(child as LiveActor),
    ),
  })
}

const withoutUndefined = (snapshot: RecordedSnapshot): RecordedSnapshot => {
  const copy: Record<string, unknown> = { ...snapshot }
  for (const field of ["output", "error", "input", "states"])
    if (copy[field] === undefined) delete copy[field]
  return copy as RecordedSnapshot
}

const mapValues = <A, B>(
  object: Readonly<Record<string, A>>,
  map: (value: A) => B,
): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))

export const isFamilyRecord = (persisted: unknown): persisted is FamilyRecord =>
  typeof persisted === "object" && persisted !== null && "family" in persisted

/**
 * The family of actor `id` from a record, and its standing. The id in the record is not read, because earlier
 * releases left it empty for families that began in a later event. Throws if the record does not fit the
 * machine.
 */
export const familyOf = (
  machine: AnyStateMachine,
  { family: { unnamedCount, actors: others }, ...rootSnapshot }: FamilyRecord,
  id: string,
): { readonly family: Family; readonly standing: Standing } => {
  const family = new Family(machine)
  const root = family.bringBack({ address: "", logic: machine, isRunning: true, options: { id } })
  const actors: Array<LiveActor> = [root]
  // In the list, parents that have ended come after their children.
  const broughtBack = (place: number): LiveActor => {
    const recorded = others[place - 1]
    const actor = actors[place] ?? (recorded && bringBack(family, broughtBack(recorded.parent), recorded))
    if (actor === undefined) throw new Error("the snapshot has a child whose parent is nowhere")
    actors[place] = actor
    return actor
  }
  for (const index of others.keys()) broughtBack(index + 1)
  const revived = (value: unknown): unknown =>
    withRefs(value, (part) => {
      const { [MARK]: mark, id: place } = part as { readonly [MARK]?: unknown; readonly id?: unknown }
      if (mark === ESCAPED) return unescaped(part as Escaped, revived)
      return mark === MARK_VALUE && Number.isSafeInteger(place) ? actors[place as number] : undefined
    })
  const snapshots = new Map<LiveActor, AnySnapshot>()
  const ended = new Map<LiveActor, AnySnapshot>()
  for (const [place, actor] of actors.entries()) {
    const recorded = place === 0 ? rootSnapshot : others[place - 1]?.snapshot
    const snapshot = revivedSnapshot(family, actor, recorded as RecordedSnapshot, actors, revived)
    actor._snapshot = snapshot
    const isRunning = place === 0 || others[place - 1]?.isRunning === true
    ;(isRunning ? snapshots : ended).set(actor, snapshot)
  }
  const { named } = family.standing
  return { family, standing: { snapshots, ended, named, unnamedCount } }
}

interface Escaped {
  readonly fields: ReadonlyArray<readonly [string, unknown]>
  readonly isBare: boolean
}

const unescaped = ({ fields, isBare }: Escaped, revived: (value: unknown) => unknown): object => {
  const object = Object.fromEntries(fields.map(([key, field]) => [key, revived(field)]))
  return isBare ? Object.setPrototypeOf(object, null) : object
}

const bringBack = (
  family: Family,
  parent: LiveActor,
  { address, id, src, systemId, isSynced, isRunning }: RecordedActor,
): LiveActor => {
  const { machine } = family.memberOf(parent) ?? {}
  const logic = machine === undefined ? undefined : logicOf(machine, src)
  if (logic === undefined) {
    throw new Error(`the snapshot has the child "${address}", for which there is no logic "${src}"`)
  }
  const names = systemId === undefined || isRunning !== true ? undefined : { systemId }
  const options = { id, src, parent, syncSnapshot: isSynced === true, ...names }
  const actor = family.bringBack({ address, logic, isRunning: isRunning === true, options })
  // An ended actor is not found by its name any more, and still has it.
  actor.systemId = systemId
  return actor
}

const revivedSnapshot = (
  family: Family,
  actor: LiveActor,
  recorded: RecordedSnapshot,
  actors: ReadonlyArray<LiveActor>,
  revived: (value: unknown) => unknown,
): AnySnapshot => {
  const { machine } = family.memberOf(actor) ?? {}
  // A machine whose birth threw has no value.
  if (machine === undefined || recorded.value === undefined) return revived(recorded) as AnySnapshot
  const { context, output, error, children = {} } = recorded
  const bare = { ...recorded, output: undefined, error: undefined }
  return {
    ...restoredBare(machine, bare, actor._actorScope as never),
    context: revived(context),
    output: revived(output),
    error: revived(error),
    children: mapValues(children, (place) => {
      const child = actors[place]
      if (child === undefined) throw new Error("the snapshot has a child that is nowhere")
      return child
    }),
  } as unknown as AnySnapshot
}
