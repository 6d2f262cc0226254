/**
 * Counts the part of an actor's history that no snapshot holds yet.
 *
 * Owns when a snapshot is due. Its content: Snapshot.ts. SnapshotWriter.ts writes it.
 */
import type { ActorDefinition } from "../definition/Actor.ts"
import type { Confirmed } from "./Fold.ts"

export class SnapshotDue {
  readonly #definition: ActorDefinition
  /** Journal sequence of the newest snapshot. */
  #sequence = 0
  /** Events since the newest snapshot. A commit without events counts as one, because replay reads it too. */
  #eventCount = 0

  constructor(definition: ActorDefinition) {
    this.#definition = definition
  }

  /** The actor was read from the journal, after a snapshot if there was one. */
  recovered({ version }: Confirmed, snapshot: { readonly version: number; readonly sequence: number }): void {
    this.#sequence = snapshot.sequence
    this.#eventCount = version - snapshot.version
  }

  stored(eventCount: number): void {
    this.#eventCount += Math.max(1, eventCount)
  }

  /** The snapshot of this state is written. False: it was written before. */
  taken({ sequence }: Confirmed): boolean {
    if (sequence === this.#sequence) return false
    this.#sequence = sequence
    this.#eventCount = 0
    return true
  }

  /**
   * Whether a snapshot is due. It carries the remembered commands, so an actor with many of them is written less often: a
   * row of a full memory is not written twice.
   */
  isDue({ recent }: Confirmed): boolean {
    const { audit, snapshotEveryEvents } = this.#definition
    const rowCount = recent.isFull ? recent.size : recent.size / 2
    return audit === undefined && this.#eventCount >= Math.max(snapshotEveryEvents, rowCount)
  }

  /** Whether a snapshot is due when the actor leaves memory. */
  isDueAtLast({ sequence }: Confirmed): boolean {
    return this.#definition.audit === undefined && sequence > this.#sequence
  }
}
