/** The one error of definition time: something was defined that the runtime could not keep its promises for. */
import { Schema } from "effect"

/** A definition was refused. `what` names the part, `hint` says what to write instead. Thrown, not returned. */
export class DefinitionError extends Schema.TaggedError<DefinitionError>()("DefinitionError", {
  actorType: Schema.String,
  what: Schema.String,
  hint: Schema.String,
}) {
  override get message(): string {
    return `"${this.actorType}" cannot be defined: ${this.what}. ${this.hint}`
  }
}
