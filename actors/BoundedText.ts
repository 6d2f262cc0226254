/**
 * Text from outside, with a limit on its length and without characters that a store refuses.
 *
 * Control characters (Postgres refuses U+0000 in text and jsonb) and lone surrogates are refused at the
 * boundary, so accepted text can be stored, indexed and shown everywhere.
 */
import { Schema } from "effect"
import { LIMITS } from "../runtime/index.ts"

/** Printable characters only. */
const ONE_LINE = /^[^\p{Cc}\p{Cs}]+$/u

/** Printable characters, tabs and line breaks. */
const LINES = /^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])+$/u

/** One line of text without blanks at its ends, 1 to `lengthMax` UTF-16 code units. */
export const lineOfText = (lengthMax: number) =>
  Schema.String.check(
    Schema.isBetweenLength(1, lengthMax),
    Schema.isTrimmed(),
    Schema.isPattern(ONE_LINE, { expected: "text without control characters or lone surrogates" }),
  )

/** Text that may have line breaks, without blanks at its ends, 1 to `lengthMax` UTF-16 code units. */
export const prose = (lengthMax: number) =>
  Schema.String.check(
    Schema.isBetweenLength(1, lengthMax),
    Schema.isTrimmed(),
    Schema.isPattern(LINES, { expected: "text without control characters or lone surrogates" }),
  )

/** The id of an actor. Any id is allowed, because a reference to an order must take any order. */
export const actorId = Schema.String.check(Schema.isBetweenLength(1, LIMITS.actorIdLength))
