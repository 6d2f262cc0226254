/**
 * Where all actors of a family are after an event.
 *
 * Owns the snapshots of the actors that run, and the last ones of the actors that have ended. A family that is put back to an
 * earlier standing lets its actors run again, so an actor itself does not tell where it ended. Who makes standings: Family.ts.
 */
import { withRefs } from "./ActorRefs.ts"
import { type AnySnapshot, isLiveActor, type LiveActor, STOPPED } from "./LiveActor.ts"

/** Where all actors of a family are. Immutable. */
export interface Standing {
  /** Snapshots of the root, and of those that run in the order in which they were made. */
  readonly snapshots: ReadonlyMap<LiveActor, AnySnapshot>
  /** Last snapshots of the actors that have ended; of those that a snapshot refers to, all. */
  readonly ended: ReadonlyMap<LiveActor, AnySnapshot>
  readonly named: ReadonlyMap<string, LiveActor>
  /** How many children without an id were made. */
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

/** Ended actors up to which a family keeps them without a look at which of them are referred to. */
const UNSEEN_MAX = 16

/** The actors of a family that have ended. */
export class EndedActors {
  #last: ReadonlyMap<LiveActor, AnySnapshot> = new Map()
  /** More of them are looked through; it grows with those that stay, so that a look is seldom. */
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

  /** The event has ended `actors`; `running` are the snapshots of the others. */
  add(actors: ReadonlyArray<LiveActor>, running: Standing["snapshots"]): void {
    const last = new Map(this.#last)
    for (const actor of actors) {
      // One that was told to stop by an event that then failed has not stopped in XState. It takes no more events.
      actor._processingStatus = STOPPED
      last.set(actor, actor._snapshot)
    }
    this.#last = last
    if (last.size <= this.#unseenMax) return
    this.#last = referred(last, running)
    this.#unseenMax = Math.max(UNSEEN_MAX, 2 * this.#last.size)
  }
}

/** Those of the ended actors that a running one leads to, over any number of ended ones. */
const referred = (ended: Standing["ended"], running: Standing["snapshots"]): Standing["ended"] => {
  const found = new Map<LiveActor, AnySnapshot>()
  const meet = (actor: LiveActor | undefined): void => {
    const snapshot = actor && ended.get(actor)
    if (actor !== undefined && snapshot !== undefined) found.set(actor, snapshot)
  }
  const look = (actor: LiveActor, snapshot: AnySnapshot): void => {
    // What is written down of an actor names its parent.
    meet(actor._parent)
    withRefs(snapshot, (part) => {
      if (!isLiveActor(part)) return undefined
      meet(part)
      return part
    })
  }
  for (const [actor, snapshot] of running) look(actor, snapshot)
  // The map grows while it is walked.
  for (const [actor, snapshot] of found) look(actor, snapshot)
  return found
}
