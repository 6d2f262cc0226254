/**
 * Stores a dead letter, tries until it succeeds, and logs it.
 *
 * Owns the log line of a dead letter. Dispatcher.ts and ../inbox/AbandonedMessage.ts abandon messages.
 */
import { Effect } from "effect"
import { isMetadata } from "../commit/Commit.ts"
import type { DeadLettersService } from "../deadletter/DeadLetters.ts"
import { about, type LogSubject } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import { type Sent, type UntilSentOptions, untilSent } from "./UntilSent.ts"

type Letter = Parameters<DeadLettersService["add"]>[0]

export const storeLetter = (
  deadLetters: DeadLettersService,
  letter: Letter,
  options: Omit<UntilSentOptions<{ readonly message: string }>, "subject" | "refused"> = {},
): Effect.Effect<Sent<unknown>> => {
  const { key, reason, detail } = letter
  const subject = subjectOf(letter)
  return Effect.tap(
    untilSent(deadLetters.add(letter), { ...options, subject }),
    logSampled(`dead letter ${reason}`, `Dead letter for ${key} (${reason}): ${detail}`).pipe(about(subject)),
  )
}

/** The receiver and the message, whose text need not be one. */
const subjectOf = ({ key, messageId, original }: Letter): LogSubject => {
  let metadata: unknown
  try {
    metadata = Object(JSON.parse(original)).m
  } catch {
    // The text is no message, so it has no correlation.
  }
  return { actor: key, commandId: messageId, metadata: isMetadata(metadata) ? metadata : undefined }
}
