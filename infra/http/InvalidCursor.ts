/** The error of a list that is asked for a page with a wrong cursor. */
import { Schema } from "effect"

/** The service did not make this cursor. */
export class InvalidCursor extends Schema.TaggedError<InvalidCursor>()("InvalidCursor", {
  hint: Schema.String,
}) {
  override get message(): string {
    return `The cursor does not belong to this list. ${this.hint}`
  }
}
