/** The one error of definition time: the runtime cannot keep its promises for the definition. */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** One problem. `what` names the part, `hint` says what to write instead. */
export interface DefinitionProblem {
  readonly what: string
  readonly hint: string
}

/**
 * A definition was refused. It lists every problem of a machine, in the order of the chart. Thrown, not
 * returned.
 */
export class InvalidDefinition extends errorClass<InvalidDefinition>()(
  "InvalidDefinition",
  {
    actorType: Schema.String,
    /** The first problem; `problems` lists all if there are several. */
    what: Schema.String,
    hint: Schema.String,
    problems: Schema.optionalKey(Schema.Array(Schema.Struct({ what: Schema.String, hint: Schema.String }))),
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    const { problems = [] } = this
    const first = `"${this.actorType}" cannot be defined`
    if (problems.length < 2) return `${first}: ${this.what}. ${this.hint}`
    const list = problems.map(({ what, hint }, index) => `  ${index + 1}. ${what}. ${hint}`)
    return `${first}, for ${problems.length} reasons:\n${list.join("\n")}`
  }
}

/** The error that lists the problems; `undefined` if there are none. */
export const invalidDefinitionOf = (
  actorType: string,
  problems: ReadonlyArray<DefinitionProblem>,
): InvalidDefinition | undefined => {
  const [first] = problems
  if (first === undefined) return undefined
  return new InvalidDefinition({ actorType, ...first, ...(problems.length > 1 ? { problems } : undefined) })
}
