/** An e-mail address: one line with one `@`, with text before it and a domain after it. */
import { Schema } from "effect"

/** Longest address that SMTP carries, in characters (RFC 5321, 4.5.3.1.3, without the angle brackets). */
export const EMAIL_LENGTH_MAX = 254

export const EmailAddress = Schema.String.check(
  Schema.isMaxLength(EMAIL_LENGTH_MAX),
  Schema.isPattern(/^[^\s@\p{Cc}\p{Cs}<>,;"]+@[^\s@\p{Cc}\p{Cs}<>,;".]+(\.[^\s@\p{Cc}\p{Cs}<>,;".]+)+$/u, {
    expected: "an e-mail address",
  }),
)
