/**
 * A change of an actor: what callers that follow it get, and how a node keeps it.
 *
 * Owns both forms, and the position of a change in the life of its actor. Who keeps changes: ChangeFeed.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Standpoint } from "../cell/ChangeListener.ts"
import { asQuarantined } from "../cell/Fold.ts"
import type { CurrentState } from "../cell/Waiting.ts"
import type { CommitEntry } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { type AnyEvent, readEvent } from "../event/Event.ts"
import { frozen } from "../json/Frozen.ts"
import type { MachineState } from "../machine/Machine.ts"
import { given } from "../machine/SealedState.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"

/** A step of an actor as its watchers get it: the state, and the events that led there. */
export interface Change<State = MachineState, Event = AnyEvent> extends CurrentState<State> {
  /**
   * The events of the commit, timers and calls of the machine included, oldest first. Empty for the first
   * item, for a birth without events, and for an item that skips.
   */
  readonly events: ReadonlyArray<ProjectedEvent<Event>>
  /** Number of versions that this watcher was too slow for, and does not get; 0 for an item without a gap. */
  readonly skipped: number
}

/**
 * Place in the life of an actor: 0 before its birth, then its version plus 1. So a birth without events is a
 * step too.
 */
export type Position = number

/** Position of a watcher that has nothing yet. */
export const NOTHING_SEEN: Position = -1

export const positionOf = ({ version, standing }: Pick<Standpoint, "version" | "standing">): Position =>
  standing._tag === "Born" ? version + 1 : 0

/** Version of the last event up to a position. */
export const versionAt = (position: Position): number => Math.max(0, position - 1)

/** The part of a commit's entry that watchers get. */
export type ChangeEntry = Pick<CommitEntry, "c" | "m" | "ev">

/** A commit that moved an actor, as a node keeps it for watchers. */
export interface StoredChange {
  /** Position of the actor before the commit, and after it. */
  readonly from: Position
  readonly to: Position
  readonly sequence: number
  /** Time of the commit, Unix milliseconds. */
  readonly atMs: number
  readonly entries: ReadonlyArray<ChangeEntry>
  /** State after the commit; `undefined` if only events were asked for. */
  readonly state: MachineState | undefined
}

/** The newest state of an actor, as a node keeps it for watchers. */
export interface NewestState {
  readonly position: Position
  readonly sequence: number
  readonly state: MachineState
}

/** Answer to a watcher that waits at a position. */
export type ChangeAnswer =
  /** The changes behind the position, in order and without a gap. Empty: there was none for a while. */
  | { readonly _tag: "Changes"; readonly changes: ReadonlyArray<StoredChange> }
  /** The newest state: the watcher had nothing, or has to skip. */
  | { readonly _tag: "Newest"; readonly newest: NewestState; readonly skipped: number }
  /** This node does not have the shard any more. */
  | { readonly _tag: "Moved" }

const NO_EVENTS: ReadonlyArray<ProjectedEvent> = Object.freeze([])

const eventsKnown = new WeakMap<StoredChange, ReadonlyArray<ProjectedEvent>>()

/**
 * The events of a change, as this code reads them. All watchers of the process share the list, which is
 * frozen. Throws ActorQuarantined for an event that this code cannot read.
 */
export const eventsOf = (
  definition: ActorDefinition,
  address: ActorAddress,
  change: StoredChange,
): ReadonlyArray<ProjectedEvent> => {
  const known = eventsKnown.get(change)
  if (known !== undefined) return known
  const { sequence, atMs: at, entries } = change
  const { type: actorType, id } = address
  const read: Array<ProjectedEvent> = []
  let version = versionAt(change.to) - entries.reduce((sum, { ev }) => sum + ev.length, 0)
  try {
    for (const { c: commandId, m: metadata = {}, ev } of entries) {
      for (const stored of ev) {
        version++
        const event = readEvent(actorType, definition.events, stored)
        read.push({ actorType, id, version, sequence, at, commandId, metadata, event })
      }
    }
  } catch (cause) {
    throw asQuarantined(address, sequence, cause)
  }
  const events = read.length === 0 ? NO_EVENTS : frozen(read)
  eventsKnown.set(change, events)
  return events
}

const itemsKnown = new WeakMap<StoredChange, Change>()

/** The change as a watcher gets it. Throws ActorQuarantined for an event that this code cannot read. */
export const changeItem = (
  definition: ActorDefinition,
  address: ActorAddress,
  change: StoredChange & { readonly state: MachineState },
): Change => {
  const known = itemsKnown.get(change)
  if (known !== undefined) return known
  const { to, sequence } = change
  const state = given(change.state)
  const events = eventsOf(definition, address, change)
  const item = Object.freeze({ version: versionAt(to), sequence, isBorn: to > 0, state, events, skipped: 0 })
  // A state with parts that cannot be frozen is copied for each watcher.
  if (state === change.state) itemsKnown.set(change, item)
  return item
}

/** The newest state as a watcher gets it. */
export const newestItem = ({ position, sequence, state }: NewestState, skipped: number): Change =>
  Object.freeze({
    version: versionAt(position),
    sequence,
    isBorn: position > 0,
    state: given(state),
    events: NO_EVENTS,
    skipped,
  })
