/**
 * Watches that the journal stays the one that was verified at start, for as long as the process runs.
 *
 * Owns the standing refusal: while the stream is missing, replaced, cut or unsafely changed, every append is refused
 * before it is sent. The refusal is lifted once the right stream is back. The checks are JournalStream.ts's.
 */
import { Effect, Latch, Schedule, type Scope } from "effect"
import { JournalRefused, type JournalUnavailable } from "../../runtime/journal/Journal.ts"
import {
  findStream,
  type JournalStreamOptions,
  missing,
  type OpenJournalStream,
  verifyIdentity,
  verifySettings,
} from "./JournalStream.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"

/** How often the stream is verified unasked. A stream swapped in between takes appends for this long. */
const verifyIntervalMs = 2_000

/** Least pause between two verifications, however many appends ask for one. */
const verifyPauseMs = 250

/**
 * A missing or shortened stream is looked at this often before it is believed: a new leader, or a server that is
 * still catching up, may not know the last commits for a moment.
 */
const confirmCount = 3
const confirmPauseMs = 400

/** Sequences by which an acknowledgement may lag behind the newest one before the stream is under suspicion. */
const SEQUENCE_LAG_MAX = 1 << 20

export interface JournalGuard {
  /** Why nothing may be appended now. */
  readonly refusal: () => JournalRefused | undefined
  /** Notes an acknowledged or read sequence; one far behind the newest makes the guard look. */
  readonly saw: (sequence: number) => void
  /** Something smells: verify soon. */
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
    let refusal: JournalRefused | undefined
    let newest = open.lastSequence
    const suspicion = yield* Latch.make()

    const look = Effect.gen(function* () {
      const seenBefore = newest
      const info = yield* findStream(connection, options.namespace)
      if (info === undefined) return yield* missing(options.namespace)
      const identity = { namespace: options.namespace, createdAt: open.createdAt, lastSequence: seenBefore }
      const wrong = verifyIdentity(info, identity) ?? verifySettings(info.config, options)
      if (wrong !== undefined) return yield* wrong
      newest = Math.max(newest, info.state.last_seq)
      refusal = undefined
      return info.state.last_seq
    })
    const verify = look.pipe(
      Effect.retry({
        times: confirmCount,
        schedule: Schedule.spaced(confirmPauseMs),
        while: (error) =>
          error instanceof JournalRefused && (error.reason === "Missing" || error.reason === "Replaced"),
      }),
      Effect.tapError((error) =>
        Effect.suspend(() => {
          if (!(error instanceof JournalRefused)) return Effect.void
          const isNew = refusal?.reason !== error.reason
          refusal = error
          return isNew ? Effect.logError(error.message) : Effect.void
        }),
      ),
    )

    const watch = Effect.gen(function* () {
      while (true) {
        yield* Effect.timeoutOption(suspicion.await, verifyIntervalMs)
        yield* suspicion.close
        // Unavailable says nothing about the stream; the refusal, if any, is recorded by `verify` itself.
        yield* Effect.ignore(verify)
        yield* Effect.sleep(verifyPauseMs)
      }
    })
    yield* Effect.forkScoped(watch)
    const stop = connection.onStatus((status) => {
      if (status.type === "reconnect") suspicion.openUnsafe()
    })
    yield* Effect.addFinalizer(() => Effect.sync(stop))

    return {
      refusal: () => refusal,
      suspect: () => {
        suspicion.openUnsafe()
      },
      saw: (sequence) => {
        if (sequence > newest) newest = sequence
        else if (newest - sequence > SEQUENCE_LAG_MAX) suspicion.openUnsafe()
      },
      verify,
    }
  })
