/**
 * The journal on JetStream: one message per commit, in one stream or several. Each append is guarded by the
 * sequence of the actor's last commit.
 *
 * Owns the append, the leader's reads, and the choice of the stream. Journal sequences are translated here
 * and in JournalFollow.ts (runtime/journal/Partition.ts); all files below use the sequences of their stream.
 * JournalStream.ts opens and verifies, JournalGuard.ts watches, JournalRead.ts reads pages, JournalFollow.ts
 * reads the live tail. The contract is runtime/journal/Journal.ts.
 */
import { Effect, Layer, type Scope } from "effect"
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"
import { GroupCommit, type GroupCommitMode } from "../../../runtime/journal/GroupCommit.ts"
import {
  type Append,
  type AppendAnswer,
  AppendUnknown,
  Journal,
  type JournalReadError,
  type JournalRecord,
  type JournalRefused,
  type JournalService,
  JournalUnavailable,
} from "../../../runtime/journal/Journal.ts"
import type { JournalRegister, JournalRegisterUnavailable } from "../../../runtime/journal/JournalRegister.ts"
import {
  partitionOfSequence,
  partitionOfShard,
  sequenceAt,
  streamSequenceUpTo,
} from "../../../runtime/journal/Partition.ts"
import { NatsConnection } from "../connection/NatsConnection.ts"
import { readErrorOf, tooLarge } from "../connection/NatsErrors.ts"
import { PUBLISH_TIMEOUT_MS } from "../connection/PubAck.ts"
import { makeReadCommits } from "./CommitChain.ts"
import { type AppendTarget, JournalAppend, sendBatch } from "./JournalAppend.ts"
import { followJournal } from "./JournalFollow.ts"
import { makeJournalGuard } from "./JournalGuard.ts"
import { type ReadRange, readLast, readPage } from "./JournalRead.ts"
import { type JournalStreamOptions, STREAMS_DEFAULT } from "./JournalSettings.ts"
import { type OpenJournalStream, openJournalStreams } from "./JournalStream.ts"
import { journalSubjectsOf } from "./JournalSubject.ts"
import { syncsBatchesOnce } from "./ServerVersion.ts"

/** Bytes of the server's `max_payload` that are kept for headers. */
export const HEADER_ROOM_BYTES = 1_024

/** Options of the journal on JetStream: its streams, and how it appends. */
export interface JournalNatsOptions extends JournalStreamOptions {
  /** Time for which an append may stay unacknowledged before its outcome is unknown; 2 s by default. */
  readonly appendTimeoutMs?: number
  /**
   * Whether appends of different actors are stored as one atomic batch. `auto` (default): if nats-server is
   * 2.15 or newer, the stream has one replica, each append is synced (measured), and many appends wait. `on`:
   * whenever the server can batch and many appends wait. `off`: never.
   */
  readonly groupCommit?: GroupCommitMode
}

/**
 * Filter of a page of all commits. The stream holds nothing else, and nats-server answers only this wildcard without a walk
 * over all subjects, for the number of further messages.
 */
const EVERYTHING = ">"

/** True for refusals under which even reads would answer from the wrong journal. */
const blocksReads = (refusal: JournalRefused): boolean => refusal.reason !== "Unsafe"

/** A stream of the journal with its guard, and everything that its appends share. */
interface Part extends OpenJournalStream, AppendTarget {}

/** Part of an append's time-out that it may wait to be sent. */
const WAIT_PART = 0.25

const bytesMaxOf = ({ client }: NatsConnection["Service"]): number =>
  (client.info?.max_payload ?? 0) - HEADER_ROOM_BYTES

/**
 * Makes a part. Its appends wait for each other if that is faster. A reconnect may lead to another server, so
 * it is judged anew.
 */
const makePart = Effect.fnUntraced(function* (
  connection: NatsConnection["Service"],
  options: JournalNatsOptions,
  open: OpenJournalStream,
): Effect.fn.Return<Part, never, Scope.Scope> {
  const guard = yield* makeJournalGuard(connection, options, open)
  const { appendTimeoutMs = PUBLISH_TIMEOUT_MS, groupCommit: mode = "auto" } = options
  const { requests, client } = connection
  const isNewServer = () => syncsBatchesOnce(client.info?.version ?? "")
  let isFast = isNewServer()
  const group = new GroupCommit<JournalAppend>({
    mode,
    isSupported: () => {
      const { allow_atomic, num_replicas = 1 } = guard.config()
      return allow_atomic === true && (mode === "on" || (isFast && num_replicas === 1))
    },
    sendBatch: (members, ended) => sendBatch(part, members, ended),
    soon: setImmediate,
    nowMs: () => performance.now(),
    waitMsMax: appendTimeoutMs * WAIT_PART,
  })
  const stop = connection.onStatus(({ type }) => {
    if (type !== "reconnect") return
    isFast = isNewServer()
    group.reset()
  })
  yield* Effect.addFinalizer(() => Effect.sync(stop))
  const toSequence = (streamSequence: number) =>
    sequenceAt(streamSequence, open.partition, options.streams ?? STREAMS_DEFAULT)
  const commitBytesMax = bytesMaxOf(connection)
  const part: Part = { ...open, requests, guard, group, commitBytesMax, appendTimeoutMs, toSequence }
  return part
})

const answeredWith = (answer: AppendAnswer, error: AppendUnknown | JournalRefused): undefined => {
  answer.failed(error)
}

const notVerified = "the connection was lost, and the stream behind the new one is not verified yet"

const makeService = (
  connection: NatsConnection["Service"],
  parts: ReadonlyArray<Part>,
  options: JournalNatsOptions,
): JournalService => {
  const { requests } = connection
  const subjects = journalSubjectsOf(options.namespace)
  const appendTimeoutMs = options.appendTimeoutMs ?? PUBLISH_TIMEOUT_MS
  const commitBytesMax = bytesMaxOf(connection)

  const partitionCount = parts.length

  const partAt = (partition: number): Part => {
    const part = parts[partition]
    if (part === undefined) throw new RangeError(`partition ${partition} of ${partitionCount}`)
    return part
  }
  const partOf = (shard: number): Part => partAt(partitionOfShard(shard, partitionCount))
  const sequenceIn = ({ partition }: Part, streamSequence: number): number =>
    sequenceAt(streamSequence, partition, partitionCount)
  const placeIn = ({ partition }: Part, sequence: number): number =>
    streamSequenceUpTo(sequence, partition, partitionCount)
  const recordIn = (part: Part, { key, sequence, data }: JournalRecord): JournalRecord => ({
    key,
    sequence: sequenceIn(part, sequence),
    data,
  })

  /**
   * True while the connection is back but the stream is not verified yet. Without a connection the request
   * itself fails with the reason.
   */
  const mustWait = ({ guard }: Part): boolean =>
    !guard.isVerified() && connection.health().state === "connected"

  const begin: NonNullable<Append["begin"]> = (address, expectedSequence, data, answer) => {
    const part = partOf(address.shard)
    const { guard } = part
    const refusal = guard.refusal()
    if (refusal !== undefined) return answeredWith(answer, refusal)
    if (mustWait(part)) {
      return answeredWith(answer, new AppendUnknown({ reason: "Unavailable", detail: notVerified }))
    }
    if (data.length > commitBytesMax) return answeredWith(answer, tooLarge(data.length, commitBytesMax))
    // No record of this actor has a sequence of another partition.
    if (expectedSequence > 0 && partitionOfSequence(expectedSequence, partitionCount) !== part.partition) {
      const detail = `${address.key} is not in the partition of sequence ${expectedSequence}`
      return answeredWith(answer, new AppendUnknown({ reason: "WrongSequence", detail }))
    }
    const after = placeIn(part, expectedSequence)
    const member = new JournalAppend(part, subjects.ofActor(address), after, data, answer)
    part.group.offer(member)
    return member
  }

  const append: Append = Object.assign(
    (address: ActorAddress, expectedSequence: number, data: Uint8Array) =>
      Effect.callback<number, AppendUnknown | JournalRefused>((resume) => {
        const underWay = begin(address, expectedSequence, data, {
          stored: (sequence) => resume(Effect.succeed(sequence)),
          failed: (error) => resume(Effect.fail(error)),
        })
        return Effect.sync(() => underWay?.cancel())
      }),
    { begin },
  )

  /**
   * Runs a read. Reads go on while appends are refused for unsafe settings, but never from a replaced
   * journal.
   */
  const unlessReplaced = <A>(
    part: Part,
    read: () => Effect.Effect<A, JournalReadError>,
  ): Effect.Effect<A, JournalReadError> =>
    Effect.suspend(() => {
      const refusal = part.guard.refusal()
      if (refusal !== undefined && blocksReads(refusal)) return Effect.fail(refusal)
      return mustWait(part)
        ? Effect.fail(new JournalUnavailable({ reason: "Disconnected", detail: notVerified }))
        : read()
    })

  const lastOf = (part: Part, subject: string): Effect.Effect<JournalRecord | undefined, JournalReadError> =>
    unlessReplaced(part, () => {
      const { stream, guard } = part
      return readLast(requests, { stream, subject, keyOf: subjects.keyOf }, guard.isAlone()).pipe(
        Effect.map((found) => found && recordIn(part, found)),
        Effect.mapError((error) => {
          if (error._tag === "JetStreamError") guard.suspect()
          return readErrorOf(error)
        }),
      )
    })

  /** A page of the part, of which `read` gives the records with the stream's own sequences. */
  const pageOf = (
    part: Part,
    range: ReadRange,
    read: (places: ReadRange) => Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError>,
  ) =>
    unlessReplaced(part, () => {
      const page = read({ after: placeIn(part, range.after), upTo: placeIn(part, range.upTo) })
      return partitionCount === 1
        ? page
        : Effect.map(page, (records) => records.map((record) => recordIn(part, record)))
    })

  const readCommits = makeReadCommits(requests)

  /** A page of all actors that a filter matches. */
  const scanOf = (part: Part, subject: string, range: ReadRange) => {
    const log = { stream: part.stream, subject, keyOf: subjects.keyOf }
    return pageOf(part, range, (places) => readPage(requests, log, places))
  }

  return {
    commitBytesMax,
    appendTimeoutMs,
    partitionCount,
    append,
    last: (address) => lastOf(partOf(address.shard), subjects.ofActor(address)),
    read: (address, range) => {
      const part = partOf(address.shard)
      const log = { stream: part.stream, subject: subjects.ofActor(address), keyOf: () => address.key }
      return pageOf(part, range, (places) => readCommits(log, places, part.guard.newestSequence()))
    },
    scan: ({ shard, ...range }) =>
      shard === undefined
        ? scanOf(partAt(partitionOfSequence(range.upTo, partitionCount)), EVERYTHING, range)
        : scanOf(partOf(shard), subjects.ofShard(shard), range),
    follow: ({ partition, ...from }) => {
      const { guard, stream } = partAt(partition)
      return followJournal({ connection, guard, stream, partition, partitionCount, subjects }, from)
    },
    lastSequence: (partition) => {
      const part = partAt(partition)
      return Effect.map(part.guard.verify, (streamSequence) => sequenceIn(part, streamSequence))
    },
    lastOfShard: (shard) =>
      Effect.map(lastOf(partOf(shard), subjects.ofShard(shard)), (found) => found?.sequence ?? 0),
    check: Effect.forEach(parts, ({ guard }) => guard.verify, { concurrency: "unbounded", discard: true }),
  }
}

export const JournalNats = {
  /** Opens or creates the namespace's journal and watches it. {@link openJournalStreams} has the refusals. */
  layer: (
    options: JournalNatsOptions,
  ): Layer.Layer<
    Journal,
    JournalRefused | JournalUnavailable | JournalRegisterUnavailable,
    NatsConnection | JournalRegister
  > =>
    Layer.effect(
      Journal,
      Effect.gen(function* () {
        const connection = yield* NatsConnection
        const streams = yield* openJournalStreams(connection, options)
        const parts = yield* Effect.forEach(streams, (open) => makePart(connection, options, open))
        return makeService(connection, parts, options)
      }),
    ),
}
