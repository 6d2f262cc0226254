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

interface SendError {
  readonly _tag: string
  readonly message: string
  readonly reason?: string
}

/** A full mailbox empties, rights are given back; a message that is too large stays so. */
const isFinal = ({ _tag, reason }: SendError): boolean => _tag === "MailboxRefused" && reason === "TooLarge"

const logged = ({ _tag, reason, message }: SendError): Effect.Effect<void> =>
  logSampled(`not sent ${reason ?? _tag}`, `Not sent: ${message}`, { level: "Error" })

/** Tries `send` for as long as it takes; `refused` ends it where no retry would help. */
export const untilSent = <E extends SendError>(
  send: Effect.Effect<void, E>,
  refused: (refusal: E) => Effect.Effect<void> = logged,
): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let pauseMs = SEND_PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, SEND_PAUSE_MAX_MS)) {
      const sent = yield* Effect.result(send)
      if (Result.isSuccess(sent)) return
      if (isFinal(sent.failure)) return yield* refused(sent.failure)
      // What a server refuses, somebody may have to mend; an outage is known from elsewhere.
      if (sent.failure._tag === "MailboxRefused" && pauseMs === SEND_PAUSE_FIRST_MS) {
        yield* logSampled(`not sent yet ${sent.failure.reason}`, `Not sent yet: ${sent.failure.message}`)
      }
      const random = yield* Random.next
      yield* Effect.sleep(pauseMs * (0.5 + random / 2))
    }
  })
