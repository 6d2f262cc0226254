/**
 * One actor of a family: its record, and which actors can be members.
 *
 * Owns the addresses and paths of members, and the reasons to refuse a child. Who keeps members: Family.ts.
 */
import type { AnyStateMachine } from "xstate"
import { type ChildKind, isMachine, kindOf, pathPart, srcNameOf } from "./ChildLogic.ts"
import { type LiveActor, RUNNING } from "./LiveActor.ts"

export interface Member {
  readonly actor: LiveActor
  /**
   * Ids from the root to the actor, "" for the root; unique among running actors. Its timers and calls are
   * named after it.
   */
  readonly address: string
  readonly kind: ChildKind
  /** Name of its logic in its parent's machine. */
  readonly src: string
  /** Names of logic from the root to the actor; for a child of the root just its name. */
  readonly path: string
  /** The machine, if the actor runs one. */
  readonly machine: AnyStateMachine | undefined
  /** Whether the parent gets this actor's snapshots as events. */
  readonly isSynced: boolean
}

/** Largest number of actors of a family that run at the same time. Use durable actors of their own for more. */
export const FAMILY_MEMBERS_MAX = 1_000

/**
 * Largest number of children that a family makes in the course of one event. XState makes a child at once and
 * starts it at the end of the event, unless it was stopped before.
 */
export const FAMILY_MADE_MAX = 4_000

/**
 * Deepest nesting of children, because the stack of XState's interpreter ends at a depth that differs between
 * paths.
 */
export const FAMILY_DEPTH_MAX = 64

/** The family did something that no durable machine may do. */
export class NotDurable extends Error {
  override readonly name = "NotDurable"
}

export const rootMember = (actor: LiveActor, machine: AnyStateMachine): Member => ({
  actor,
  address: "",
  kind: "machine",
  src: "",
  path: "",
  machine,
  isSynced: false,
})

/**
 * Throws {@link NotDurable} if a family with these members starts no further actor. Members that have not
 * started do not count, because they may never start.
 */
export const requireRoom = (members: Iterable<LiveActor>, memberCount: number): void => {
  if (memberCount <= FAMILY_MEMBERS_MAX) return
  let runningCount = 0
  for (const { _processingStatus: status } of members) if (status === RUNNING) runningCount++
  if (runningCount >= FAMILY_MEMBERS_MAX) throw new NotDurable(TOO_MANY)
}

/** Throws {@link NotDurable} if an event that has made `madeCount` actors makes no further one at this actor's depth. */
export const requireBounds = (actor: LiveActor, madeCount: number): void => {
  if (madeCount >= FAMILY_MADE_MAX) throw new NotDurable(MAKES_TOO_MANY)
  let depth = 0
  for (let parent = actor._parent; parent !== undefined; parent = parent._parent) depth++
  if (depth > FAMILY_DEPTH_MAX) throw new NotDurable(TOO_DEEP)
}

/** The member for a child that XState has just made. Throws {@link NotDurable}. */
export const childMember = (actor: LiveActor, parent: Member, address: string): Member => {
  const { logic } = actor
  const src = parent.machine === undefined ? undefined : srcNameOf(parent.machine, actor.src)
  const kind = kindOf(logic)
  if (src === undefined) throw new NotDurable(WITHOUT_NAME)
  if (kind === undefined) throw new NotDurable(livesInMemory(actor.id, src))
  return {
    actor,
    address,
    kind,
    src,
    path: pathOf(parent, src),
    machine: isMachine(logic) ? logic : undefined,
    isSynced: actor._syncSnapshot === true,
  }
}

/** The first free address of a child of `parent` with this id. */
export const freeAddress = (parent: Member, id: string, isTaken: (address: string) => boolean): string => {
  const wished = parent.address === "" ? id : `${parent.address}/${id}`
  let address = wished
  for (let number = 2; isTaken(address); number++) address = `${wished}#${number}`
  return address
}

const pathOf = (parent: Member, src: string): string => {
  if (parent.address === "") return src
  const isChildOfRoot = parent.actor._parent?._parent === undefined
  return `${isChildOfRoot ? pathPart(parent.path) : parent.path}/${pathPart(src)}`
}

const WITHOUT_NAME =
  "a child spawned without a name for its logic. Provide the logic in setup({ actors: { name: logic } }) and spawn it by that name."

const livesInMemory = (id: string, src: string): string =>
  `the child "${id}" of the logic "${src}", which lives in memory only. Write a callback or an observable as defineCall(...), or as an actor of its own that sends with send.tell(...).`

const TOO_MANY = `more than ${FAMILY_MEMBERS_MAX} children at the same time. Define children of which there are many as actors of their own.`

const MAKES_TOO_MANY = `more than ${FAMILY_MADE_MAX} children made by one event. Define children of which there are many as actors of their own.`

const TOO_DEEP = `children nested deeper than ${FAMILY_DEPTH_MAX}. Define an actor that has children like itself as an actor of its own.`

/** Why an event cannot be sent. */
export const SENDS_OUTSIDE =
  "it sends to an actor outside of the machine. Write dispatch(() => send.tell({ actor: Actor, id, command })), or send.request(...) for an answer."
