/**
 * How a JSON Schema becomes a form: which field each part of it is, and its first value.
 *
 * Owns the reading of schemas. The fields on the page: SchemaForm.tsx. What has no field of its own is written as
 * JSON.
 */
import type { Json, JsonSchema } from "../api/Documents.ts"

export type Field =
  | { readonly kind: "text" | "number" | "integer" | "flag" | "json" | "nothing" }
  | { readonly kind: "choice"; readonly choices: ReadonlyArray<Json> }
  | { readonly kind: "list"; readonly item: JsonSchema }
  | {
      readonly kind: "object"
      readonly fields: ReadonlyArray<readonly [name: string, schema: JsonSchema]>
      readonly required: ReadonlySet<string>
    }

/** The schema that a reference within the document names. */
const resolved = (schema: JsonSchema, root: JsonSchema): JsonSchema => {
  const reference = schema["$ref"]
  if (typeof reference !== "string" || !reference.startsWith("#/")) return schema
  const found = reference
    .slice(2)
    .split("/")
    .reduce<unknown>(
      (at, part) => (at as JsonSchema | undefined)?.[part.replaceAll("~1", "/").replaceAll("~0", "~")],
      root,
    )
  return (found as JsonSchema | undefined) ?? {}
}

export const fieldOf = (given: JsonSchema, root: JsonSchema): Field => {
  const schema = resolved(given, root)
  const choices = choicesOf(schema)
  if (choices !== undefined) return { kind: "choice", choices }
  switch (schema["type"]) {
    case "string":
      return { kind: "text" }
    case "integer":
    case "number":
      return { kind: schema["type"] }
    case "boolean":
      return { kind: "flag" }
    case "null":
      return { kind: "nothing" }
    case "array":
      return isSchema(schema["items"]) ? { kind: "list", item: schema["items"] } : { kind: "json" }
    case "object":
      return objectOf(schema)
    default:
      return { kind: "json" }
  }
}

const objectOf = (schema: JsonSchema): Field => {
  const properties = schema["properties"]
  if (!isSchema(properties)) return { kind: "json" }
  const required = Array.isArray(schema["required"]) ? (schema["required"] as ReadonlyArray<string>) : []
  return {
    kind: "object",
    fields: Object.entries(properties).map(([name, inner]) => [name, isSchema(inner) ? inner : {}]),
    required: new Set(required),
  }
}

const choicesOf = (schema: JsonSchema): ReadonlyArray<Json> | undefined => {
  if (Array.isArray(schema["enum"])) return schema["enum"] as ReadonlyArray<Json>
  return "const" in schema ? [schema["const"] as Json] : undefined
}

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What a field has before a person has touched it. Fields that may be left out are left out. */
export const firstValue = (schema: JsonSchema, root: JsonSchema): Json => {
  const field = fieldOf(schema, root)
  switch (field.kind) {
    case "text":
      return ""
    case "number":
    case "integer":
      return 0
    case "flag":
      return false
    case "choice":
      return field.choices[0] ?? null
    case "list":
      return []
    case "object":
      return Object.fromEntries(
        field.fields
          .filter(([name]) => field.required.has(name))
          .map(([name, inner]) => [name, firstValue(inner, root)]),
      )
    default:
      return null
  }
}
