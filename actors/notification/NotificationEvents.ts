/**
 * The command of a notification, as an event. The runtime stores how the sending ended. Golden files:
 * test/fixtures/golden/notification.
 */
import { Schema } from "effect"
import { defineEvent, type EventOf } from "../../runtime/index.ts"
import { lineOfText, prose } from "../BoundedText.ts"
import { EmailAddress } from "../EmailAddress.ts"

/** Longest subject, in UTF-16 code units: a header line of RFC 5322 holds it. */
export const SUBJECT_LENGTH_MAX = 200

/** Longest text, in UTF-16 code units. */
export const TEXT_LENGTH_MAX = 10_000

/** Receiver and content of a mail. */
export const letter = {
  to: EmailAddress,
  subject: lineOfText(SUBJECT_LENGTH_MAX),
  text: prose(TEXT_LENGTH_MAX),
}

export const notificationEvents = { NotificationRequested: defineEvent(Schema.Struct(letter)) }

/** Every event of a notification except the outcome of its call, flat. */
export type NotificationEvent = EventOf<typeof notificationEvents>
