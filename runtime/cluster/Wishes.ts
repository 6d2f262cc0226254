/**
 * What operators wish of the cluster: that a member has a slot, that all actors of a type pause.
 *
 * Owns the records that say so. Cluster.ts reads pins, the cells read pauses (ClusterView.ts).
 */
import { Effect } from "effect"
import type { LeasesUnavailable } from "./Leases.ts"
import { pauseKey, pinKey } from "./Member.ts"
import type { Records } from "./Records.ts"

/** Times that a wish is written again because others write theirs. */
const TRIES_MAX = 10

export class Wishes {
  readonly #records: Records

  constructor(records: Records) {
    this.#records = records
  }

  /** Without a member: that the placement decides. */
  pin(slot: string, memberId: string | undefined): Effect.Effect<void, LeasesUnavailable> {
    return this.#say(pinKey(slot), memberId)
  }

  pause(type: string, isPaused: boolean): Effect.Effect<void, LeasesUnavailable> {
    return this.#say(pauseKey(type), isPaused ? true : undefined)
  }

  /** Writes it, or takes it back; the last one wins. */
  #say(key: string, value: unknown): Effect.Effect<void, LeasesUnavailable> {
    const { seen, look, write, remove } = this.#records
    const said = Effect.suspend(() => {
      if (seen.says(key, value)) return Effect.succeed(true)
      return value === undefined ? remove(key) : write(key, value)
    })
    return Effect.andThen(look(key), said).pipe(
      Effect.repeat({ until: (isSaid) => isSaid, times: TRIES_MAX }),
      Effect.asVoid,
    )
  }
}
