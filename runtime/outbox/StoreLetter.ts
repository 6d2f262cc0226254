/**
 * Stores a dead letter, tries until it succeeds, and logs it.
 *
 * Owns the log line of a dead letter. Dispatcher.ts and ../inbox/AbandonedMessage.ts abandon messages.
 */
import { Effect } from "effect"
import type { DeadLettersService } from "../deadletter/DeadLetters.ts"
import { logSampled } from "../log/SampledLog.ts"
import { type Sent, type UntilSentOptions, untilSent } from "./UntilSent.ts"

type Letter = Parameters<DeadLettersService["add"]>[0]

export const storeLetter = (
  deadLetters: DeadLettersService,
  letter: Letter,
  options: Pick<UntilSentOptions<{ readonly message: string }>, "failed" | "isWanted"> = {},
): Effect.Effect<Sent<unknown>> => {
  const { key, reason, detail } = letter
  return Effect.tap(
    untilSent(deadLetters.add(letter), options),
    logSampled(`dead letter ${reason}`, `Dead letter for ${key} (${reason}): ${detail}`),
  )
}
