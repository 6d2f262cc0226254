/**
 * The input that an actor is born with: what a caller gives, checked by the schema of the definition.
 *
 * Owns that check, and that the machine is given plain JSON with the actor's id beside it. Input counts at the birth only.
 * Who gives it: an ask, a spawn, or a message. What stores it: ../commit/StoredBirth.ts.
 */
import type { ActorDefinition } from "../definition/Actor.ts"
import { isFields, SchemaIssue, validate } from "../event/Schema.ts"
import { NotJson, plainJson } from "../json/Json.ts"
import { isThrown } from "../json/Thrown.ts"

/** Input that passed the schema. Plain JSON, both. */
export interface BirthInput {
  /** As its caller gave it: what goes to another node, which has a schema of its own. */
  readonly given: unknown
  /** As the schema yields it: what the machine is given, and a birth stores. */
  readonly value: object
}

/** Input that is no good, or the lack of it. Paths begin with `input`. */
export interface InputRefused {
  readonly issues: ReadonlyArray<SchemaIssue>
}

/** The input, checked for the actor `id`. Without a schema a machine takes none. */
export const checkedInput = (
  { type, input: schema }: Pick<ActorDefinition, "type" | "input">,
  id: string,
  given: unknown,
): BirthInput | InputRefused => {
  if (schema === undefined) {
    return refused(`actors of type "${type}" take no input: their definition has no schema for it`)
  }
  let what = "not"
  try {
    const plain = given === undefined ? undefined : plainJson(given)
    const validated = validate(schema, plain)
    if ("issues" in validated) return { issues: validated.issues.map(belowInput) }
    if (!isFields(validated.value)) return refused("the schema's output is no object with fields")
    what = "the schema makes a value of it that is not"
    const value = plainJson(validated.value) as { readonly id?: unknown }
    if (value.id === undefined || value.id === id) return { given: plain, value }
    return refused(`it is the actor's own id, "${id}": the machine is given that`, "input.id")
  } catch (cause) {
    if (!isThrown(cause, NotJson)) throw cause
    return { issues: [belowInput({ path: cause.path, message: `${what} plain JSON: ${cause.reason}` })] }
  }
}

/**
 * The input of an actor that is given none: `undefined` where its machine takes none, what the schema makes of nothing,
 * or of an object without fields.
 */
export const inputOfNothing = (
  definition: Pick<ActorDefinition, "type" | "input">,
  id: string,
): BirthInput | InputRefused | undefined => {
  if (definition.input === undefined) return undefined
  const nothing = checkedInput(definition, id, undefined)
  if (!("issues" in nothing)) return nothing
  const empty = checkedInput(definition, id, {})
  return "issues" in empty
    ? { issues: [...refused("none was given, and the actor is not born yet").issues, ...empty.issues] }
    : { ...empty, given: undefined }
}

const belowInput = ({ path, message }: { readonly path: string; readonly message: string }): SchemaIssue =>
  new SchemaIssue({ path: path === "" ? "input" : `input.${path}`, message })

const refused = (message: string, path = "input"): InputRefused => ({
  issues: [new SchemaIssue({ path, message })],
})
