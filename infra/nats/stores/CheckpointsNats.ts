/**
 * Checkpoints in a JetStream key-value bucket: `nats kv get <ns>-checkpoints position.outbox.3` shows one.
 *
 * Owns the keys, `position.<name>` and `note.<name>`, and the compare-and-set that lets positions only rise.
 * The contract is runtime/checkpoint/Checkpoints.ts. A key that was deleted by hand leaves a marker without a
 * value.
 */
import { Effect, Layer, Semaphore } from "effect"
import {
  Checkpoints,
  type CheckpointsService,
  CheckpointsUnavailable,
  positionIn,
} from "../../../runtime/checkpoint/Checkpoints.ts"
import { type BucketForm, openBucket } from "../connection/Bucket.ts"
import { API_TIMEOUT_MS, findMessage, purgeSubject } from "../connection/JetStreamApi.ts"
import { NatsConnection } from "../connection/NatsConnection.ts"
import {
  isCode,
  type JetStreamError,
  jetStreamCode,
  type NatsRequestFailed,
} from "../connection/NatsErrors.ts"
import { publishTo } from "../connection/PubAck.ts"
import type { StoreMark } from "../connection/StoreMark.ts"

/** Attempts of one `advance` against other processes. */
const advanceAttemptsMax = 10
const advancePauseMs = 20

export interface CheckpointsNatsOptions {
  readonly namespace: string
  /** 1, 3 or 5; by default 3 in a cluster and 1 on a single server. Used at creation alone. */
  readonly replicas?: number
  /**
   * Why a missing bucket has been lost and must not be made again: the positions of reactors are lost with
   * it, and reactors would begin again. `undefined` if it may be made.
   */
  readonly lost?: Effect.Effect<string | undefined, CheckpointsUnavailable>
  /** Mark of the journal that the bucket belongs to. */
  readonly mark?: StoreMark
}

/** Value of a key, and the sequence that the next write must name. */
interface Stored {
  readonly sequence: number
  readonly value: unknown
}

interface Place {
  /** Lets one `advance` of this process run at a time. */
  readonly lock: Semaphore.Semaphore
  /** Latest value that this process has seen. */
  stored: Stored | undefined
}

const encoder = new TextEncoder()

const unavailable = (detail: string): CheckpointsUnavailable => new CheckpointsUnavailable({ detail })
const unavailableAs = (error: NatsRequestFailed | JetStreamError) => unavailable(error.message)

const makeService = (requests: NatsConnection["Service"]["requests"], bucket: string): CheckpointsService => {
  const stream = `KV_${bucket}`
  const places = new Map<string, Place>()
  const positionKey = (name: string) => `$KV.${bucket}.position.${name}`
  const noteKey = (name: string) => `$KV.${bucket}.note.${name}`

  const placeOf = (name: string): Place => {
    const place = places.get(name) ?? { lock: Semaphore.makeUnsafe(1), stored: undefined }
    places.set(name, place)
    return place
  }

  const read = (subject: string): Effect.Effect<Stored, CheckpointsUnavailable> =>
    findMessage(requests, stream, { last_by_subj: subject }, API_TIMEOUT_MS).pipe(
      Effect.flatMap((found) => {
        if (found === undefined) return Effect.succeed<Stored>({ sequence: 0, value: undefined })
        const { seq, data = "" } = found.message
        if (data === "") return Effect.succeed({ sequence: seq, value: undefined })
        return Effect.try({
          try: (): Stored => ({
            sequence: seq,
            value: JSON.parse(Buffer.from(data, "base64").toString()) as unknown,
          }),
          catch: String,
        }).pipe(
          // A value that was written by hand and cannot be read counts as absent: otherwise its shard or
          // reactor would be stopped until an operator mends it.
          Effect.catch((detail) =>
            Effect.as(Effect.logWarning(`Checkpoint ${subject} is ignored, it is not JSON: ${detail}`), {
              sequence: seq,
              value: undefined,
            }),
          ),
        )
      }),
      Effect.mapError(unavailableAs),
    )

  const positionOf = ({ value }: Stored): number => positionIn(value)

  const store = (subject: string, value: unknown, headers: Readonly<Record<string, number>>) =>
    publishTo(requests, subject, encoder.encode(JSON.stringify(value)), headers)

  /** True if the stored position has reached `position`. */
  const tryAdvance = Effect.fnUntraced(function* (place: Place, subject: string, position: number) {
    const stored = place.stored ?? (yield* read(subject))
    place.stored = stored
    if (positionOf(stored) >= position) return true
    const expected = { "Nats-Expected-Last-Subject-Sequence": stored.sequence }
    place.stored = undefined
    return yield* store(subject, position, expected).pipe(
      Effect.map((sequence) => {
        place.stored = { sequence, value: position }
        return true
      }),
      // Another process was faster, or writes at this moment.
      Effect.catch((error) =>
        isCode(error, jetStreamCode.wrongLastSequence) || isCode(error, jetStreamCode.writeInFlight)
          ? Effect.succeed(false)
          : Effect.fail(unavailableAs(error)),
      ),
    )
  })

  return {
    position: (name) => Effect.map(read(positionKey(name)), positionOf),
    advance: (name, position) =>
      Effect.suspend(() => {
        const place = placeOf(name)
        return place.lock.withPermit(
          Effect.gen(function* () {
            for (let attempt = 1; attempt <= advanceAttemptsMax; attempt++) {
              if (yield* tryAdvance(place, positionKey(name), position)) return
              yield* Effect.sleep(advancePauseMs)
            }
            return yield* unavailable(`${name} was changed ${advanceAttemptsMax} times in between`)
          }),
        )
      }),
    note: (name) => Effect.map(read(noteKey(name)), ({ value }) => value),
    write: (name, note) =>
      Effect.suspend(
        (): Effect.Effect<unknown, NatsRequestFailed | JetStreamError> =>
          note === undefined ? purgeSubject(requests, stream, noteKey(name)) : store(noteKey(name), note, {}),
      ).pipe(Effect.mapError(unavailableAs), Effect.asVoid),
  }
}

export const checkpointsBucket = (namespace: string): BucketForm => ({
  name: `${namespace}-checkpoints`,
  description: "Everstate checkpoints: where work is taken up again",
})

export const CheckpointsNats = {
  /** Opens the namespace's bucket, or creates it unless it was lost. */
  layer: (
    options: CheckpointsNatsOptions,
  ): Layer.Layer<Checkpoints, CheckpointsUnavailable, NatsConnection> =>
    Layer.effect(
      Checkpoints,
      Effect.gen(function* () {
        const connection = yield* NatsConnection
        const form = checkpointsBucket(options.namespace)
        const { replicas, lost = Effect.undefined, mark } = options
        const marked = mark === undefined ? {} : { mark }
        yield* openBucket(connection, { form, replicas, lost, ...marked }, unavailable)
        return makeService(connection.requests, form.name)
      }),
    ),
}
