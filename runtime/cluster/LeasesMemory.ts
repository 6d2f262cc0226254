/** Leases in memory, for tests and for a system of one node on ports in memory: the contract of Leases.ts. */
import { Effect, Layer, PubSub, Stream } from "effect"
import { LeaseConflict, type LeaseRecord, Leases, type LeasesService } from "./Leases.ts"

/** Hints that wait for one reader; it looks at everything anyway, so the oldest may go. */
const HINTS_MAX = 256

export const makeLeasesMemory: Effect.Effect<LeasesService> = Effect.gen(function* () {
  const records = new Map<string, LeaseRecord>()
  const hints = yield* PubSub.sliding<string>(HINTS_MAX)
  let newest = 0

  const put = (key: string, value: unknown, revision: number) =>
    Effect.suspend(() => {
      const found = records.get(key)?.revision ?? 0
      if (found !== revision) return Effect.fail(new LeaseConflict({ key }))
      newest++
      records.set(key, { key, revision: newest, value: value === undefined ? value : copyOf(value) })
      return Effect.as(PubSub.publish(hints, key), newest)
    })

  return {
    all: Effect.sync(() => Array.from(records.values())),
    get: (key) => Effect.sync(() => records.get(key)),
    write: put,
    remove: (key, revision) => Effect.asVoid(put(key, undefined, revision)),
    changes: Stream.fromPubSub(hints),
  }
})

/** What comes back is never what was given. */
const copyOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

export const LeasesMemory = {
  /** No leases. */
  layer: Layer.effect(Leases, makeLeasesMemory),
}
