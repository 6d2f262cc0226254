/**
 * The journal on JetStream: one message per commit, guarded by the sequence of the actor's last one.
 *
 * Owns the append and the leader's reads. Opening and verifying is JournalStream.ts, watching JournalGuard.ts, pages
 * are JournalRead.ts, the live tail is JournalFollow.ts. The contract is runtime/journal/Journal.ts.
 */
import { Effect, Layer } from "effect"
import type { ActorAddress } from "../../runtime/address/ActorAddress.ts"
import {
  AppendUnknown,
  Journal,
  type JournalReadError,
  type JournalRecord,
  type JournalRefused,
  type JournalService,
  JournalUnavailable,
} from "../../runtime/journal/Journal.ts"
import type { JournalRegister, JournalRegisterUnavailable } from "../../runtime/journal/JournalRegister.ts"
import { getMessage } from "./JetStreamApi.ts"
import { followJournal } from "./JournalFollow.ts"
import { type JournalGuard, makeJournalGuard } from "./JournalGuard.ts"
import { READ_TIMEOUT_MS, readPage, recordOf } from "./JournalRead.ts"
import type { JournalStreamOptions } from "./JournalSettings.ts"
import { openJournalStream } from "./JournalStream.ts"
import { journalSubjectsOf } from "./JournalSubject.ts"
import { NatsConnection } from "./NatsConnection.ts"
import { appendErrorOf, appendFailureOf, jetStreamCode, readErrorOf, tooLarge } from "./NatsErrors.ts"
import { acknowledgement, PUBLISH_TIMEOUT_MS } from "./PubAck.ts"
import type { EncodedHeaders } from "./ReplyMultiplexer.ts"

/** Bytes of the server's `max_payload` that are kept for headers. */
export const HEADER_ROOM_BYTES = 1_024

export interface JournalNatsOptions extends JournalStreamOptions {
  /** How long an append may stay unacknowledged before its outcome is unknown; 2 s by default. */
  readonly appendTimeoutMs?: number
}

/** The one header of an append. Never empty: an empty value switches the server's check off. */
class ExpectedSequence implements EncodedHeaders {
  readonly #sequence: number

  constructor(sequence: number) {
    if (!Number.isSafeInteger(sequence) || sequence < 0) throw new RangeError(`expected sequence ${sequence}`)
    this.#sequence = sequence
  }

  encode(): Uint8Array {
    return Buffer.from(`NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: ${this.#sequence}\r\n\r\n`, "latin1")
  }
}

/** Refusals under which even reading would answer from the wrong journal. */
const blocksReads = (refusal: JournalRefused): boolean => refusal.reason !== "Unsafe"

const notVerified = "the connection was lost, and the stream behind the new one is not verified yet"

const makeService = (
  connection: NatsConnection["Service"],
  guard: JournalGuard,
  options: JournalNatsOptions,
  stream: string,
): JournalService => {
  const { requests, client } = connection
  const subjects = journalSubjectsOf(options.namespace)
  const appendTimeoutMs = options.appendTimeoutMs ?? PUBLISH_TIMEOUT_MS
  const commitBytesMax = (client.info?.max_payload ?? 0) - HEADER_ROOM_BYTES

  /** Connected again, and not yet sure to what. While there is no connection the request itself says why. */
  const mustWait = (): boolean => !guard.isVerified() && connection.health().state === "connected"

  const append = (address: ActorAddress, expectedSequence: number, data: Uint8Array) =>
    Effect.callback<number, AppendUnknown | JournalRefused>((resume) => {
      const refusal = guard.refusal()
      if (refusal !== undefined) return resume(Effect.fail(refusal))
      if (mustWait())
        return resume(Effect.fail(new AppendUnknown({ reason: "Unavailable", detail: notVerified })))
      if (data.length > commitBytesMax) return resume(Effect.fail(tooLarge(data.length, commitBytesMax)))
      const headers = new ExpectedSequence(expectedSequence)
      const newestBefore = guard.newestSequence()
      const pending = requests.send(subjects.ofActor(address), data, headers, appendTimeoutMs, {
        onReply: (message) => {
          const result = acknowledgement(message)
          if (typeof result === "number") {
            const lost = guard.acknowledged(result, newestBefore)
            resume(lost === undefined ? Effect.succeed(result) : Effect.fail(lost))
          } else {
            const error = appendErrorOf(result)
            if (error.reason === "Unavailable") guard.suspect()
            resume(Effect.fail(error))
          }
          return true
        },
        onFailure: (failure) => {
          if (failure.reason === "NoResponders") guard.suspect()
          resume(Effect.fail(appendFailureOf(failure, data.length, commitBytesMax)))
        },
      })
      return Effect.sync(() => pending?.cancel())
    })

  /** Reads go on while appends are refused for unsafe settings, and never from a replaced journal. */
  const unlessReplaced = <A>(
    read: () => Effect.Effect<A, JournalReadError>,
  ): Effect.Effect<A, JournalReadError> =>
    Effect.suspend(() => {
      const refusal = guard.refusal()
      if (refusal !== undefined && blocksReads(refusal)) return Effect.fail(refusal)
      return mustWait()
        ? Effect.fail(new JournalUnavailable({ reason: "Disconnected", detail: notVerified }))
        : read()
    })

  const lastOf = (subject: string): Effect.Effect<JournalRecord | undefined, JournalReadError> =>
    unlessReplaced(() =>
      getMessage(requests, stream, { last_by_subj: subject }, READ_TIMEOUT_MS).pipe(
        Effect.map((found): JournalRecord | undefined => recordOf(subjects, found)),
        Effect.catch((error) => {
          if (error._tag !== "JetStreamError") return Effect.fail(readErrorOf(error))
          if (error.code === jetStreamCode.noMessageFound) return Effect.undefined
          guard.suspect()
          return Effect.fail(readErrorOf(error))
        }),
      ),
    )

  return {
    commitBytesMax,
    partitionCount: 1,
    append,
    last: (address) => lastOf(subjects.ofActor(address)),
    read: (address, range) =>
      unlessReplaced(() =>
        readPage(requests, { stream, subject: subjects.ofActor(address), keyOf: () => address.key }, range),
      ),
    scan: (range) =>
      unlessReplaced(() => {
        const subject = range.shard === undefined ? subjects.all : subjects.ofShard(range.shard)
        return readPage(requests, { stream, subject, keyOf: subjects.keyOf }, range)
      }),
    follow: (from) => followJournal({ connection, guard, stream, subjects }, from),
    lastSequence: () => guard.verify,
    lastOfShard: (shard) => Effect.map(lastOf(subjects.ofShard(shard)), (found) => found?.sequence ?? 0),
    check: Effect.asVoid(guard.verify),
  }
}

export const JournalNats = {
  /** Opens or creates the namespace's journal and watches it. See {@link openJournalStream} for the refusals. */
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
        const open = yield* openJournalStream(connection, options)
        const guard = yield* makeJournalGuard(connection, options, open)
        return makeService(connection, guard, options, open.stream)
      }),
    ),
}
