/** The error of a list that is asked to go on where it never was. */
import { Schema } from "effect"

/** The service never gave out this cursor. */
export class InvalidCursor extends Schema.TaggedError<InvalidCursor>()("InvalidCursor", {
  hint: Schema.String,
}) {
  override get message(): string {
    return `The cursor is not one of this list. ${this.hint}`
  }
}
