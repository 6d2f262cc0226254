/**
 * A schema of any vendor as JSON Schema (draft-07), for documents.
 *
 * Owns the translation: Effect schemas through their own compiler, others through `~standard.jsonSchema`. A
 * part that JSON Schema cannot express is marked as such, never guessed. Who asks: EventCatalog.ts.
 */
import { Schema } from "effect"
import type { AnySchema } from "../event/Schema.ts"
import { thrownMessage } from "../json/Thrown.ts"

/** A JSON Schema, or any other plain JSON object. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** The form of a payload that its schema accepted, or why it cannot be expressed. */
export type PayloadSchema = { readonly json: JsonObject } | { readonly inexpressible: string }

/** Which side of a schema: the values that it accepts, or the values that it gives. */
type Side = "input" | "output"

type Converter = { readonly [side in Side]: (options: { readonly target: string }) => JsonObject }

/**
 * The schema as JSON Schema. Never throws. A schema may check more than its JSON Schema says, because
 * functions cannot be expressed.
 */
export const payloadSchemaOf = (schema: AnySchema, side: Side = "output"): PayloadSchema => {
  const standard = Schema.isSchema(schema) ? Schema.toStandardJSONSchemaV1(schema) : schema
  const { vendor, jsonSchema } = standard["~standard"] as { vendor: string; jsonSchema?: Converter }
  if (jsonSchema === undefined) return { inexpressible: `${vendor} does not offer JSON Schema` }
  try {
    const { $schema: _, ...json } = jsonSchema[side]({ target: "draft-07" })
    return { json }
  } catch (cause) {
    return { inexpressible: thrownMessage(cause) }
  }
}
