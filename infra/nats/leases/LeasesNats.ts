/**
 * Leases in a JetStream key-value bucket: `nats kv get <ns>-cluster slot.shard.3` shows the owner of shard 3.
 *
 * Owns the bucket and the compare-and-set. A removed record leaves a marker for an hour, so that a write with
 * an old revision conflicts instead of finding nothing. The contract is runtime/cluster/Leases.ts.
 *
 * `all` is one direct-get batch, or a few if there are more records than the system writes. The nearest
 * replica answers in the order of revisions. A record that is written meanwhile moves to the end, where the
 * batch comes to it; so none is missed, and some come twice. (`multi_last`, the look-up of many last messages
 * at once, takes 1,024 keys at most and breaks off if one of them is written meanwhile.)
 */
import type { Msg } from "@nats-io/transport-node"
import { type Cause, Effect, Layer, Queue, Schedule, Semaphore, Stream } from "effect"
import {
  type LeaseHint,
  type LeaseRecord,
  Leases,
  type LeasesService,
  LeasesUnavailable,
  type LeaseWriteError,
} from "../../../runtime/cluster/Leases.ts"
import { type BucketForm, openBucket } from "../connection/Bucket.ts"
import { subscribe } from "../connection/CoreSubscription.ts"
import { findMessage } from "../connection/JetStreamApi.ts"
import { NatsConnection, type NatsConnectionService } from "../connection/NatsConnection.ts"
import { leasesUnavailableOf, leaseWriteErrorOf } from "../connection/NatsErrors.ts"
import { publishTo } from "../connection/PubAck.ts"

/** Most records in one direct-get batch of `all`, removed ones included. */
const LEASE_PAGE_RECORDS_MAX = 16_384
/** Most records that `all` lists, removed ones included. */
const LEASE_RECORDS_MAX = 16 * LEASE_PAGE_RECORDS_MAX

/** Longest wait of `all` and `get`: shorter than a lease, so that there is time to try again. */
const READ_TIMEOUT_MS = 2_000

/** Time for which a removed record is listed, in milliseconds. */
const REMOVED_KEPT_MS = 3_600_000

/**
 * Hints that wait for their reader. The oldest may be dropped, because the reader looks at all records
 * anyway.
 */
const HINTS_MAX = 256

/** Pause before the subscription to hints is tried again. */
const hintsRetryMs = 1_000

export interface LeasesNatsOptions {
  readonly namespace: string
  /** 1, 3 or 5; by default 3 in a cluster and 1 on a single server. Used at creation alone. */
  readonly replicas?: number
  /** Time for which a removed record is listed, in whole seconds; an hour by default. */
  readonly removedKeptMs?: number
}

/** Header with the revision that a write replaces. */
const EXPECTED = "Nats-Expected-Last-Subject-Sequence"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const unavailable = (detail: string): LeasesUnavailable => new LeasesUnavailable({ reason: "Other", detail })

/**
 * A stored record. A removed record is a message without a body. A text that is no JSON was written by hand:
 * its value is null, so that it does not hide the other records.
 */
const recordOf = (key: string, revision: number, json: string): LeaseRecord => {
  if (json === "") return { key, revision, value: undefined }
  try {
    return { key, revision, value: JSON.parse(json) as unknown }
  } catch {
    return { key, revision, value: null }
  }
}

const status = { endOfBatch: 204, notFound: 404 } as const

/** Collects the direct-get batches, with the proof that no reply was lost. */
class Listing {
  /** Highest revision and its JSON, by key. */
  readonly found = new Map<string, { readonly revision: number; readonly json: string }>()
  failure: string | undefined = undefined
  /** Records beyond the last batch. */
  pendingCount = 0
  #previous = 0
  /** Sequence of the last record; the next batch starts after it. */
  #last = 0
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** The request for the next batch. */
  next(): Uint8Array {
    this.#previous = 0
    this.pendingCount = 0
    const query = { seq: this.#last + 1, next_by_subj: `${this.#prefix}>`, batch: LEASE_PAGE_RECORDS_MAX }
    return encoder.encode(JSON.stringify(query))
  }

  /** Takes a reply; true if the batch is over. */
  readonly collect = (message: Msg): boolean => {
    const { headers } = message
    const code = headers?.code ?? 0
    if (code === status.notFound) return true
    if (headers === undefined || (code !== 0 && code !== status.endOfBatch)) {
      this.failure = `${code} ${headers?.description ?? "no headers"}`
      return true
    }
    if (Number(headers.get("Nats-Last-Sequence")) !== this.#previous) {
      this.failure = `a reply after sequence ${this.#previous} was lost`
    }
    if (code === status.endOfBatch) {
      this.pendingCount = Number(headers.get("Nats-Num-Pending"))
      if (this.found.size >= LEASE_RECORDS_MAX)
        this.failure = `there are more than ${LEASE_RECORDS_MAX} records`
      return true
    }
    const revision = Number(headers.get("Nats-Sequence"))
    const key = headers.get("Nats-Subject").slice(this.#prefix.length)
    this.found.set(key, { revision, json: decoder.decode(message.data) })
    this.#previous = revision
    this.#last = revision
    return false
  }
}

const makeService = (
  connection: NatsConnectionService,
  bucket: string,
  removedKeptMs: number,
  reopen: Effect.Effect<void, LeasesUnavailable>,
): LeasesService => {
  const { requests } = connection
  const reopening = Semaphore.makeUnsafe(1)
  const stream = `KV_${bucket}`
  const prefix = `$KV.${bucket}.`
  const removed = (keptMs = removedKeptMs) => ({
    "KV-Operation": "DEL",
    "Nats-TTL": `${Math.ceil(keptMs / 1_000)}s`,
  })

  const put = (
    key: string,
    data: Uint8Array,
    revision: number,
    headers: Readonly<Record<string, string>>,
  ) => {
    // Never empty, because an empty value would switch the server's check off.
    const expected = { ...headers, [EXPECTED]: revision }
    return Effect.mapError(publishTo(requests, prefix + key, data, expected), (error) =>
      leaseWriteErrorOf(key, error),
    )
  }

  /**
   * Runs a request. If no server answers for the bucket and it was deleted, it is made again, empty, and all
   * members join anew.
   */
  const orReopen = <A, E extends LeaseWriteError>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.tapError(effect, (error) =>
      error._tag === "LeasesUnavailable" && error.reason === "NoResponders"
        ? reopening
            .withPermitsIfAvailable(1)(reopen)
            .pipe(Effect.timeoutOption(READ_TIMEOUT_MS), Effect.ignore)
        : Effect.void,
    )

  /** Subscribes to hints. Without the right to subscribe there are none; changes are then noticed later. */
  const watch = (queue: Queue.Queue<LeaseHint, Cause.Done>) =>
    subscribe(connection, `${prefix}>`, ({ subject, headers, data }) => {
      const after = Number(headers?.get(EXPECTED) ?? "")
      const { key, value } = recordOf(subject.slice(prefix.length), after, decoder.decode(data))
      Queue.offerUnsafe(queue, { key, after, value })
    }).pipe(
      Effect.retry({
        while: ({ reason }) => reason !== "NotPermitted",
        schedule: Schedule.spaced(hintsRetryMs),
      }),
      Effect.catch((error) => Effect.logWarning(`No hints of changed leases: ${error.message}`)),
    )

  return {
    isShared: true,
    all: Effect.gen(function* () {
      const listing = new Listing(prefix)
      do {
        yield* requests
          .stream(`$JS.API.DIRECT.GET.${stream}`, listing.next(), {
            timeoutMs: READ_TIMEOUT_MS,
            collect: listing.collect,
          })
          .pipe(Effect.mapError(leasesUnavailableOf))
        if (listing.failure !== undefined) return yield* unavailable(`direct get: ${listing.failure}`)
      } while (listing.pendingCount > 0)
      return Array.from(listing.found, ([key, { revision, json }]) => recordOf(key, revision, json))
    }).pipe(orReopen),

    get: (key) =>
      findMessage(requests, stream, { last_by_subj: prefix + key }, READ_TIMEOUT_MS).pipe(
        Effect.map((found) => {
          if (found === undefined) return undefined
          const { seq, data = "" } = found.message
          return recordOf(key, seq, Buffer.from(data, "base64").toString())
        }),
        Effect.mapError(leasesUnavailableOf),
      ),

    write: (key, value, revision) =>
      orReopen(put(key, encoder.encode(JSON.stringify(value ?? null)), revision, {})),

    remove: (key, revision, keptMs) =>
      orReopen(Effect.asVoid(put(key, new Uint8Array(), revision, removed(keptMs)))),

    changes: Stream.callback<LeaseHint>(watch, { bufferSize: HINTS_MAX, strategy: "sliding" }),
  }
}

export const leasesBucket = (namespace: string): BucketForm => ({
  name: `${namespace}-cluster`,
  description: "Everstate cluster: members, and who has which slot",
  needed: { allow_direct: true, allow_msg_ttl: true },
})

/** All records of a bucket that exists; nothing is made. */
export const leaseRecords = (connection: NatsConnectionService, namespace: string): LeasesService["all"] =>
  makeService(connection, leasesBucket(namespace).name, REMOVED_KEPT_MS, Effect.void).all

export const LeasesNats = {
  /** Opens or creates the namespace's bucket. */
  layer: (options: LeasesNatsOptions): Layer.Layer<Leases, LeasesUnavailable, NatsConnection> =>
    Layer.effect(
      Leases,
      Effect.gen(function* () {
        const connection = yield* NatsConnection
        const form = leasesBucket(options.namespace)
        const open = openBucket(connection, { form, replicas: options.replicas }, unavailable)
        yield* open
        return makeService(connection, form.name, options.removedKeptMs ?? REMOVED_KEPT_MS, open)
      }),
    ),
}
