/**
 * Watches that a stream of the journal stays the one that was verified at start, as long as the process runs.
 *
 * Owns the standing refusal: while the stream is missing, replaced, cut or unsafely changed, every append to
 * it is refused before it is sent. The refusal ends once the right stream is back. After a lost connection
 * nothing is sent or read until the stream was verified again, because a server that came back with an older
 * copy would store new commits over the missing ones, and hide that they are missing. The checks are in
 * JournalSettings.ts.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { Effect, Latch, Schedule, type Scope } from "effect"
import { JournalRefused, type JournalUnavailable } from "../../../runtime/journal/Journal.ts"
import type { StreamInfo } from "../connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../connection/NatsConnection.ts"
import {
  type JournalStreamOptions,
  missing,
  shortened,
  verifyIdentity,
  verifySettings,
} from "./JournalSettings.ts"
import { findJournalStream, type OpenJournalStream } from "./JournalStream.ts"

/** Interval of the verifications. A stream that is replaced in between takes appends for this long. */
const verifyIntervalMs = 2_000

/** Least pause between two verifications, however many appends ask for one. */
const verifyPauseMs = 250

/**
 * Further looks at a missing or shortened stream before it is believed: a new leader, or a server that is
 * still catching up, may not know the last commits for a moment.
 */
const confirmCount = 3
const confirmPauseMs = 400

export interface JournalGuard {
  /** Why no append may be sent now. */
  readonly refusal: () => JournalRefused | undefined
  /** False from a lost connection until the stream behind the new one is verified. */
  readonly isVerified: () => boolean
  /** The newest sequence of the stream that was seen: every later append gets a higher one. */
  readonly newestSequence: () => number
  /**
   * Notes an acknowledged sequence of the stream. `newestBefore` is the newest sequence when the append was
   * sent. A sequence that is not above it proves that the stream lost commits; the returned refusal then
   * stays until the process is restarted.
   */
  readonly acknowledged: (sequence: number, newestBefore: number) => JournalRefused | undefined
  /** Latest seen settings of the stream. */
  readonly config: () => Partial<StreamConfig>
  /**
   * Whether the leader was the stream's only replica when last seen. A stream with one replica that is being moved to
   * another server has more of them for a while.
   */
  readonly isAlone: () => boolean
  /** Asks for a verification soon, because an answer was suspicious. */
  readonly suspect: () => void
  /** Verifies now and returns the stream's last sequence. */
  readonly verify: Effect.Effect<number, JournalRefused | JournalUnavailable>
}

/** The guard of an open stream; its fiber ends with the scope. */
export const makeJournalGuard = (
  connection: NatsConnectionService,
  options: JournalStreamOptions,
  open: OpenJournalStream,
): Effect.Effect<JournalGuard, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { stream } = open
    let refusal: JournalRefused | undefined
    /** A refusal that no verification lifts. */
    let proof: JournalRefused | undefined
    let newest = open.lastStreamSequence
    let isVerified = true
    let seen: Pick<StreamInfo, "config" | "cluster"> = open
    let connectionCount = 0
    const suspicion = yield* Latch.make()

    const look = Effect.gen(function* () {
      const seenBefore = newest
      const connectionBefore = connectionCount
      const info = yield* findJournalStream(connection, stream)
      if (info === undefined) return yield* missing(stream)
      // Kept also of a stream with unsafe settings, because it is read on.
      seen = info
      const identity = { streamId: open.streamId, lastStreamSequence: seenBefore }
      const wrong =
        proof ??
        verifyIdentity(stream, info, identity) ??
        verifySettings(info.config, options, open.partition)
      if (wrong !== undefined) return yield* wrong
      newest = Math.max(newest, info.state.last_seq)
      refusal = undefined
      if (connectionBefore === connectionCount) isVerified = true
      return info.state.last_seq
    })

    const noteRefusal = (error: JournalRefused | JournalUnavailable) =>
      Effect.suspend(() => {
        if (!(error instanceof JournalRefused)) return Effect.void
        const isNew = refusal?.reason !== error.reason
        refusal = error
        return isNew ? Effect.logError(error.message) : Effect.void
      })

    const verify = look.pipe(
      Effect.retry({
        times: confirmCount,
        schedule: Schedule.spaced(confirmPauseMs),
        while: (error) =>
          error instanceof JournalRefused &&
          proof === undefined &&
          (error.reason === "Missing" || error.reason === "Replaced"),
      }),
      Effect.tapError(noteRefusal),
    )

    const watch = Effect.gen(function* () {
      while (true) {
        if (isVerified) yield* Effect.timeoutOption(suspicion.await, verifyIntervalMs)
        yield* suspicion.close
        // `Unavailable` says nothing about the stream, and `verify` itself notes a refusal.
        yield* Effect.ignore(verify)
        yield* Effect.sleep(verifyPauseMs)
      }
    })
    yield* Effect.forkScoped(watch)
    const stop = connection.onStatus((status) => {
      if (status.type !== "disconnect" && status.type !== "reconnect") return
      connectionCount++
      isVerified = false
      suspicion.openUnsafe()
    })
    yield* Effect.addFinalizer(() => Effect.sync(stop))

    return {
      refusal: () => refusal,
      isVerified: () => isVerified,
      config: () => seen.config,
      isAlone: () => seen.config.num_replicas === 1 && (seen.cluster?.replicas ?? []).length === 0,
      newestSequence: () => newest,
      acknowledged: (sequence, newestBefore) => {
        if (sequence > newest) newest = sequence
        if (sequence > newestBefore) return undefined
        proof ??= shortened(stream, sequence, newestBefore)
        refusal = proof
        suspicion.openUnsafe()
        return proof
      },
      suspect: () => {
        suspicion.openUnsafe()
      },
      verify,
    }
  })
