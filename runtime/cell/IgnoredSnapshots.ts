/**
 * Snapshots that were not used, because they do not fit the code or cannot be read. Each one is counted, and
 * each reason is logged once.
 *
 * A change of the code makes the snapshots of a whole actor type unusable. The log names the first actor of
 * the type.
 */
import { Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { about } from "../log/LogSubject.ts"

/** Different reasons, by actor type, that are logged; further reasons are only counted. */
export const IGNORED_REASONS_LOGGED_MAX = 100

export class IgnoredSnapshots {
  count = 0
  readonly #said = new Set<string>()

  /** Counts that the snapshot of this actor is not used, and logs a new reason. */
  add(actor: ActorAddress, reason: string): Effect.Effect<void> {
    const { type, key } = actor
    return Effect.suspend(() => {
      this.count++
      const line = `${type}: ${reason}`
      if (this.#said.has(line) || this.#said.size >= IGNORED_REASONS_LOGGED_MAX) return Effect.void
      this.#said.add(line)
      return Effect.logWarning(
        `Snapshots of "${type}" are ignored and the actors replayed, ${key} first: ${reason}. Further ones are only counted.`,
      ).pipe(about({ actor }))
    })
  }
}
