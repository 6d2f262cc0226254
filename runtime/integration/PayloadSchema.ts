/**
 * A schema of any vendor as JSON Schema (draft-07), for documents that others read.
 *
 * Owns asking for it: Effect through its own compiler, others through `~standard.jsonSchema`. What cannot be said in
 * JSON Schema is marked so, never guessed. Who asks: EventCatalog.ts.
 */
import { Schema } from "effect"
import type { AnySchema } from "../event/Schema.ts"
import { thrownMessage } from "../json/Thrown.ts"

/** JSON Schema, or anything else that is plain JSON. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** What a payload looks like once its schema accepted it; or why that cannot be said. */
export type PayloadSchema = { readonly json: JsonObject } | { readonly inexpressible: string }

interface Converter {
  readonly output: (options: { readonly target: string }) => JsonObject
}

/** Never throws. A schema may check more than its JSON Schema says: functions cannot be written down. */
export const payloadSchemaOf = (schema: AnySchema): PayloadSchema => {
  const standard = Schema.isSchema(schema) ? Schema.toStandardJSONSchemaV1(schema) : schema
  const { vendor, jsonSchema } = standard["~standard"] as { vendor: string; jsonSchema?: Converter }
  if (jsonSchema === undefined) return { inexpressible: `${vendor} does not offer JSON Schema` }
  try {
    const { $schema: _, ...json } = jsonSchema.output({ target: "draft-07" })
    return { json }
  } catch (cause) {
    return { inexpressible: thrownMessage(cause) }
  }
}
