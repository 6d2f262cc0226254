/**
 * The input that an actor is born with: a caller's value, checked by the schema of the definition.
 *
 * Owns that check, and gives the machine plain JSON with the actor's id beside it. Input counts at the birth
 * only. It comes from an ask, a spawn or a message. ../commit/StoredBirth.ts stores it.
 */
import type { ActorDefinition } from "../definition/Actor.ts"
import { isFields, SchemaIssue, validate } from "../event/Schema.ts"
import { NotJson, plainJson } from "../json/Json.ts"
import { isThrown } from "../json/Thrown.ts"

/** Input that passed the schema. Both forms are plain JSON. */
export interface BirthInput {
  /** The value as the caller gave it. It goes to other nodes, which apply their own schema. */
  readonly given: unknown
  /** The value that the schema yields. The machine gets it, and a birth stores it. */
  readonly value: object
}

/** The reason why input is invalid or missing. Paths begin with `input`. */
export interface InputRefused {
  readonly issues: ReadonlyArray<SchemaIssue>
}

/** The input, checked for the actor `id`. A machine without an input schema takes no input. */
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
 * The input of an actor for which no input was given: `undefined` if its machine takes none, else what the
 * schema yields for `undefined` or for an object without fields.
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
