/**
 * The end of an abandoned message: an answer to the actor that waits for one, or a dead letter.
 *
 * Owns the choice between the two, and the retries until it is stored. MessageDelivery.ts abandons messages.
 */
import { type Clock, Effect } from "effect"
import type { DeadLetterReason, DeadLettersService } from "../deadletter/DeadLetters.ts"
import { about, messageSubject } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { Delivery, MailboxService } from "../mailbox/Mailbox.ts"
import type { Message } from "../mailbox/Message.ts"
import { undecidedAnswer } from "../outbox/Dispatcher.ts"
import { storeLetter } from "../outbox/StoreLetter.ts"
import { untilSent } from "../outbox/UntilSent.ts"

export type AbandonMessage = (given: {
  /** The message; `undefined` if the delivery cannot be read. */
  readonly message: Message | undefined
  readonly delivery: Delivery
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly attemptCount: number
  /** Id of the dead letter. A letter that is stored twice with it is one letter. */
  readonly letterId: string
}) => Effect.Effect<void>

export const makeAbandonMessage = (ports: {
  readonly mailbox: MailboxService
  readonly deadLetters: DeadLettersService
  readonly clock: Clock.Clock
  readonly shardCount: number
}): AbandonMessage => {
  const { mailbox, deadLetters, clock, shardCount } = ports
  const bury = ({ delivery, reason, detail, attemptCount, letterId }: Parameters<AbandonMessage>[0]) =>
    Effect.suspend(() => {
      const { key, data } = delivery
      const atMs = clock.currentTimeMillisUnsafe()
      const original = new TextDecoder().decode(data)
      const letter = { key, reason, detail, attemptCount, atMs, messageId: letterId, original }
      return Effect.asVoid(storeLetter(deadLetters, letter))
    })

  return (given) => {
    const { message, reason, detail } = given
    if (message?.k !== "command" || message.from === undefined || message.n === undefined) return bury(given)
    const asker = { key: message.from, as: message.n, requestId: message.id }
    const subject = messageSubject(given.delivery.key, message)
    const answered = Effect.suspend(() =>
      untilSent(mailbox.publish(undecidedAnswer(asker, reason, detail, shardCount, message.m)), { subject }),
    ).pipe(
      // The asker's key may be unreadable.
      Effect.catchDefect(() => bury(given)),
    )
    if (reason !== "Unroutable") return answered
    const line = `Requests are answered with Unroutable: ${detail}`
    return Effect.andThen(logSampled("unroutable request", line).pipe(about(subject)), answered)
  }
}
