/**
 * A type as callers see it: its chart, and the schemas of what it takes, answers and stores.
 *
 * Owns the document. The chart: runtime/machine/Chart.ts. JSON Schema of any vendor's schema:
 * runtime/integration/PayloadSchema.ts.
 */
import type { AnyActor } from "../../runtime/definition/Actor.ts"
import { isInternal } from "../../runtime/event/Event.ts"
import type { AnySchema } from "../../runtime/event/Schema.ts"
import { type JsonObject, payloadSchemaOf } from "../../runtime/integration/PayloadSchema.ts"
import type { ChartState } from "../../runtime/machine/Chart.ts"
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

/** Names of the type's commands: those of the definition, or the events of its machine. */
export const commandNamesOf = ({ commands, machine }: AnyActor): ReadonlyArray<string> =>
  commands === undefined ? [...new Set(eventsIn(machine.chart()))] : Object.keys(commands)

const eventsIn = ({ transitions, states }: ChartState): ReadonlyArray<string> => [
  ...transitions.flatMap(({ event }) =>
    event === undefined || event === "*" || event === "" || isInternal(event) ? [] : [event],
  ),
  ...states.flatMap(eventsIn),
]

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
