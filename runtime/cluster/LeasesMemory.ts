/** Leases in memory, for tests and for a system of one node on ports in memory: the contract of Leases.ts. */
import { type Clock, Effect, Layer, PubSub, Stream } from "effect"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { LeaseConflict, type LeaseHint, type LeaseRecord, Leases, type LeasesService } from "./Leases.ts"

/** Hints that wait for one reader; it looks at everything anyway, so the oldest may go. */
const HINTS_MAX = 256

/** How long a removed record is listed, in milliseconds. */
const REMOVED_KEPT_MS = 3_600_000

interface Kept {
  readonly revision: number
  /** As JSON: what comes back is never what was given. `undefined`: removed. */
  readonly json: string | undefined
  /** When a removed record is listed no more, in monotonic milliseconds. */
  readonly untilMs: number
}

const recordOf = (key: string, { revision, json }: Kept): LeaseRecord => ({
  key,
  revision,
  value: readBack(json),
})

const readBack = (json: string | undefined): unknown => (json === undefined ? undefined : JSON.parse(json))

/** `isShared`: several nodes reach it, as they would a real one. */
export const makeLeasesMemory = (isShared: boolean): Effect.Effect<LeasesService> =>
  Effect.gen(function* () {
    const records = new Map<string, Kept>()
    const hints = yield* PubSub.sliding<LeaseHint>(HINTS_MAX)
    let newest = 0

    const nowMs = Effect.clockWith((clock: Clock.Clock) => Effect.succeed(monotonicMs(clock)))

    /** The records, without those that were removed long ago. */
    const current = Effect.map(nowMs, (now) => {
      for (const [key, { json, untilMs }] of records) {
        if (json === undefined && now >= untilMs) records.delete(key)
      }
      return records
    })

    const put = Effect.fnUntraced(function* (
      key: string,
      json: string | undefined,
      revision: number,
      keptMs = REMOVED_KEPT_MS,
    ) {
      const untilMs = (yield* nowMs) + keptMs
      const found = (yield* current).get(key)?.revision ?? 0
      if (found !== revision) return yield* new LeaseConflict({ key })
      newest++
      const written = newest
      records.set(key, { revision: written, json, untilMs })
      yield* PubSub.publish(hints, { key, after: revision, value: readBack(json) })
      return written
    })

    return {
      isShared,
      all: Effect.map(current, (found) => Array.from(found, ([key, kept]) => recordOf(key, kept))),
      get: (key) =>
        Effect.map(current, (found) => {
          const kept = found.get(key)
          return kept === undefined ? undefined : recordOf(key, kept)
        }),
      write: (key, value, revision) => put(key, JSON.stringify(value ?? null), revision),
      remove: (key, revision, keptMs) => Effect.asVoid(put(key, undefined, revision, keptMs)),
      changes: Stream.fromPubSub(hints),
    }
  })

export const LeasesMemory = {
  /** No leases, of a system of one node. */
  layer: Layer.effect(Leases, makeLeasesMemory(false)),
}
