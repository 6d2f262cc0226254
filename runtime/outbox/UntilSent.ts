/**
 * Sending that is repeated until it succeeds. The item is in the journal, so it stays owed meanwhile.
 *
 * Owns the pauses. Only a refusal that no retry changes ends it.
 */
import { Effect, Random, Result } from "effect"
import { about, type LogSubject } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"

/** First pause after a failed attempt, doubling up to the longest, in milliseconds. */
const SEND_PAUSE_FIRST_MS = 20
const SEND_PAUSE_MAX_MS = 2_000

export interface SendError {
  readonly _tag: string
  readonly message: string
  readonly reason?: string
}

/**
 * Whether a retry cannot help. A full mailbox empties and rights can be granted, but a message that is too
 * large stays so.
 */
const isFinal = ({ _tag, reason }: SendError): boolean => _tag === "MailboxRefused" && reason === "TooLarge"

const logged = ({ _tag, reason, message }: SendError): Effect.Effect<void> =>
  logSampled(`not sent ${reason ?? _tag}`, `Not sent: ${message}`, { level: "Error" })

export interface UntilSentOptions<E> {
  /** The actor and the message that the log lines are about. */
  readonly subject: LogSubject
  /** Handles a refusal that no retry changes. By default it is logged. */
  readonly refused?: (refusal: E) => Effect.Effect<void>
  /** Called after each failure that is followed by another attempt, with the number of attempts so far. */
  readonly failed?: (failure: E, attemptCount: number) => void
  /**
   * Whether this node still has to send the item, asked before each attempt after the first. Default: always
   * true.
   */
  readonly isWanted?: () => boolean
}

/** The outcome: sent, refused for good, or not wanted any more. */
export type Sent<A> =
  | { readonly _tag: "Sent"; readonly value: A }
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Unwanted" }

/** Tries `send` until it succeeds. */
export const untilSent = <A, E extends SendError>(
  send: Effect.Effect<A, E>,
  { subject, refused, failed = ignore, isWanted = always }: UntilSentOptions<E>,
): Effect.Effect<Sent<A>> =>
  Effect.gen(function* () {
    let pauseMs = SEND_PAUSE_FIRST_MS
    for (let attemptCount = 1; ; attemptCount++) {
      const sent = yield* Effect.result(send)
      if (Result.isSuccess(sent)) return { _tag: "Sent", value: sent.success }
      if (isFinal(sent.failure)) {
        yield* refused?.(sent.failure) ?? logged(sent.failure).pipe(about(subject))
        return { _tag: "Refused" }
      }
      failed(sent.failure, attemptCount)
      // An operator may have to repair what a server refuses. An outage is reported elsewhere.
      if (sent.failure._tag === "MailboxRefused" && attemptCount === 1) {
        const line = `Not sent yet: ${sent.failure.message}`
        yield* logSampled(`not sent yet ${sent.failure.reason}`, line).pipe(about(subject))
      }
      const random = yield* Random.next
      yield* Effect.sleep(pauseMs * (0.5 + random / 2))
      if (!isWanted()) return { _tag: "Unwanted" }
      pauseMs = Math.min(pauseMs * 2, SEND_PAUSE_MAX_MS)
    }
  })

const ignore = (): void => undefined
const always = (): boolean => true
