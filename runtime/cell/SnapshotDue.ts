/**
 * How much of an actor is in no snapshot yet.
 *
 * Owns when one is due. What is in it: Snapshot.ts. Who writes it: SnapshotWriter.ts.
 */
import type { ActorDefinition } from "../definition/Actor.ts"
import type { Confirmed } from "./Fold.ts"

export class SnapshotDue {
  readonly #definition: ActorDefinition
  /** Journal sequence of the newest snapshot. */
  #sequence = 0
  /** Events since then; a commit without events counts as one, it is replayed like any. */
  #eventCount = 0

  constructor(definition: ActorDefinition) {
    this.#definition = definition
  }

  /** The actor was read from the journal, from a snapshot on if there was one. */
  recovered({ version }: Confirmed, snapshot: { readonly version: number; readonly sequence: number }): void {
    this.#sequence = snapshot.sequence
    this.#eventCount = version - snapshot.version
  }

  stored(eventCount: number): void {
    this.#eventCount += Math.max(1, eventCount)
  }

  /** The snapshot of this state is written; false: it was written before. */
  taken({ sequence }: Confirmed): boolean {
    if (sequence === this.#sequence) return false
    this.#sequence = sequence
    this.#eventCount = 0
    return true
  }

  /** A snapshot carries the remembered commands: one that has many of them is written less often. */
  isDue({ recent }: Confirmed): boolean {
    const { audit, snapshotEveryEvents } = this.#definition
    return audit === undefined && this.#eventCount >= Math.max(snapshotEveryEvents, recent.size / 2)
  }

  /** Whether one is due where the actor leaves memory. */
  isDueAtLast({ sequence }: Confirmed): boolean {
    return this.#definition.audit === undefined && sequence > this.#sequence
  }
}
