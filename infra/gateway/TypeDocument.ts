/**
 * A type as callers see it: its chart, and the schemas of what it takes, answers and stores.
 *
 * Owns the document. The chart: runtime/machine/Chart.ts. JSON Schema of any vendor's schema:
 * runtime/integration/PayloadSchema.ts.
 */
import type { AnyActor } from "../../runtime/definition/Actor.ts"
import type { AnySchema } from "../../runtime/event/Schema.ts"
import { type JsonObject, payloadSchemaOf } from "../../runtime/integration/PayloadSchema.ts"
import { commandNamesOf } from "../http/CommandNames.ts"
import type { TypeDocument } from "./DirectoryApi.ts"
import type { ExposedType } from "./Exposure.ts"

/** The document of an exposed type. */
export const typeDocument = ({ actor, saga, hasCommand }: ExposedType): typeof TypeDocument.Type => ({
  type: actor.type,
  kind: saga === undefined ? "actor" : "saga",
  chart: actor.machine.chart() as unknown as JsonObject,
  commands: commandNamesOf(actor)
    .filter(hasCommand)
    .map((name) => commandDocument(actor, name)),
  events: Object.entries(actor.events ?? {}).map(([name, { version, schema, upcast }]) => ({
    name,
    version,
    upcastVersions: Object.keys(upcast).map(Number),
    payload: jsonSchemaOf(schema),
  })),
  input: jsonSchemaOf(actor.input, "input"),
  warnings: actor.warnings,
})

/** A command of a type. */
export const commandDocument = ({ commands }: AnyActor, name: string) => {
  const command = commands?.[name]
  return {
    name,
    payload: jsonSchemaOf(command?.schema, "input"),
    reply: jsonSchemaOf(command?.reply),
    rejections: Object.fromEntries(
      Object.entries(command?.rejections ?? {}).map(([reason, facts]) => [reason, jsonSchemaOf(facts)]),
    ),
  }
}

/** The schema as JSON Schema; null without a schema, or for a schema that cannot be expressed. */
const jsonSchemaOf = (
  schema: AnySchema | undefined,
  side: "input" | "output" = "output",
): JsonObject | null => {
  if (schema === undefined) return null
  const expressed = payloadSchemaOf(schema, side)
  return "json" in expressed ? expressed.json : null
}
