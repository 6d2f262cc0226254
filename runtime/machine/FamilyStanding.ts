/**
 * The snapshots of all actors of a family after an event.
 *
 * Owns the snapshots of running actors, and the last snapshots of ended actors. An ended actor cannot keep
 * its last snapshot itself, because it runs again when the family is put back to an earlier standing. Who
 * makes standings: Family.ts.
 */
import { withRefs } from "./ActorRefs.ts"
import { type AnySnapshot, isLiveActor, type LiveActor, STOPPED } from "./LiveActor.ts"

/** The snapshots of all actors of a family. Immutable. */
export interface Standing {
  /** Snapshots of the root and of the running actors, in the order in which they were made. */
  readonly snapshots: ReadonlyMap<LiveActor, AnySnapshot>
  /** Last snapshots of ended actors; at least of all ended actors that a snapshot refers to. */
  readonly ended: ReadonlyMap<LiveActor, AnySnapshot>
  readonly named: ReadonlyMap<string, LiveActor>
  /** Number of children without an id that were made. */
  readonly unnamedCount: number
}

/** The snapshot of an actor, running or ended. */
export const snapshotIn = ({ snapshots, ended }: Standing, actor: LiveActor): AnySnapshot =>
  snapshots.get(actor) ?? ended.get(actor) ?? actor._snapshot

/** Whether actors have begun, ended or changed. */
export const isMoved = (before: Standing, after: Standing): boolean => {
  if (before.snapshots.size !== after.snapshots.size) return true
  for (const [actor, snapshot] of after.snapshots) if (before.snapshots.get(actor) !== snapshot) return true
  return false
}

/** Number of ended actors that a family keeps before it first drops those without a reference. */
const UNSEEN_MAX = 16

/** The actors of a family that have ended. */
export class EndedActors {
  #last: ReadonlyMap<LiveActor, AnySnapshot> = new Map()
  /**
   * Number of ended actors beyond which unreferenced ones are dropped. It grows with the kept ones, so that
   * this is seldom.
   */
  #unseenMax = UNSEEN_MAX

  get last(): ReadonlyMap<LiveActor, AnySnapshot> {
    return this.#last
  }

  putBack(last: ReadonlyMap<LiveActor, AnySnapshot>): void {
    this.#last = last
    for (const [actor, snapshot] of last) {
      actor._processingStatus = STOPPED
      actor._snapshot = snapshot
    }
  }

  /** Adds `actors`, which the event has ended; `running` are the snapshots of the other actors. */
  add(actors: ReadonlyArray<LiveActor>, running: Standing["snapshots"]): void {
    const last = new Map(this.#last)
    for (const actor of actors) {
      // If the event that stops an actor then failed, the actor has not stopped in XState. It takes no more
      // events.
      actor._processingStatus = STOPPED
      last.set(actor, actor._snapshot)
    }
    this.#last = last
    if (last.size <= this.#unseenMax) return
    this.#last = referred(last, running)
    this.#unseenMax = Math.max(UNSEEN_MAX, 2 * this.#last.size)
  }
}

/** The ended actors that a running actor refers to, directly or through other ended actors. */
const referred = (ended: Standing["ended"], running: Standing["snapshots"]): Standing["ended"] => {
  const found = new Map<LiveActor, AnySnapshot>()
  const meet = (actor: LiveActor | undefined): void => {
    const snapshot = actor && ended.get(actor)
    if (actor !== undefined && snapshot !== undefined) found.set(actor, snapshot)
  }
  const look = (actor: LiveActor, snapshot: AnySnapshot): void => {
    // The record of an actor names its parent.
    meet(actor._parent)
    withRefs(snapshot, (part) => {
      if (!isLiveActor(part)) return undefined
      meet(part)
      return part
    })
  }
  for (const [actor, snapshot] of running) look(actor, snapshot)
  // The loop also visits actors that it adds to the map.
  for (const [actor, snapshot] of found) look(actor, snapshot)
  return found
}
