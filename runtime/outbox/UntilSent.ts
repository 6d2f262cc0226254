/**
 * Sending that goes on until it has worked: what is to be sent is in the journal, and stays owed.
 *
 * Owns the pauses. Only a refusal that no retry changes ends it.
 */
import { Effect, Random, Result } from "effect"
import { logSampled } from "../log/SampledLog.ts"

/** First pause after something could not be sent, doubling up to the longest, in milliseconds. */
const SEND_PAUSE_FIRST_MS = 20
const SEND_PAUSE_MAX_MS = 2_000

export interface SendError {
  readonly _tag: string
  readonly message: string
  readonly reason?: string
}

/** A full mailbox empties, rights are given back; a message that is too large stays so. */
const isFinal = ({ _tag, reason }: SendError): boolean => _tag === "MailboxRefused" && reason === "TooLarge"

const logged = ({ _tag, reason, message }: SendError): Effect.Effect<void> =>
  logSampled(`not sent ${reason ?? _tag}`, `Not sent: ${message}`, { level: "Error" })

export interface UntilSentOptions<E> {
  /** Ends it where no retry would help. By default that is logged. */
  readonly refused?: (refusal: E) => Effect.Effect<void>
  /** Told of each failure after which it is tried again, with the number of attempts so far. */
  readonly failed?: (failure: E, attemptCount: number) => void
  /** Whether it is still to be sent here, asked before each attempt but the first; always by default. */
  readonly isWanted?: () => boolean
}

/** What came of it: sent, refused for good, or not wanted any more. */
export type Sent<A> =
  | { readonly _tag: "Sent"; readonly value: A }
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Unwanted" }

/** Tries `send` for as long as it takes. */
export const untilSent = <A, E extends SendError>(
  send: Effect.Effect<A, E>,
  { refused = logged, failed = ignore, isWanted = always }: UntilSentOptions<E> = {},
): Effect.Effect<Sent<A>> =>
  Effect.gen(function* () {
    let pauseMs = SEND_PAUSE_FIRST_MS
    for (let attemptCount = 1; ; attemptCount++) {
      const sent = yield* Effect.result(send)
      if (Result.isSuccess(sent)) return { _tag: "Sent", value: sent.success }
      if (isFinal(sent.failure)) {
        yield* refused(sent.failure)
        return { _tag: "Refused" }
      }
      failed(sent.failure, attemptCount)
      // What a server refuses, somebody may have to mend; an outage is known from elsewhere.
      if (sent.failure._tag === "MailboxRefused" && attemptCount === 1) {
        yield* logSampled(`not sent yet ${sent.failure.reason}`, `Not sent yet: ${sent.failure.message}`)
      }
      const random = yield* Random.next
      yield* Effect.sleep(pauseMs * (0.5 + random / 2))
      if (!isWanted()) return { _tag: "Unwanted" }
      pauseMs = Math.min(pauseMs * 2, SEND_PAUSE_MAX_MS)
    }
  })

const ignore = (): void => undefined
const always = (): boolean => true
